// What the two ends say to each other over the data channel: chat, what is
// sent, recordings. As call/data has it: one JSON object with version and kind
// per message; what is not known is ignored.

const maxText = 16 << 10; // bytes
const maxLines = 1000;

export class Talk {
  // on: {line(line), mark(line), media(state), record(theirs), most(kbps), file()}
  constructor(channel, on) {
    this.channel = channel;
    this.on = on;
    this.lines = new Map(); // own lines that are not confirmed, by id
    this.seen = new Set();
    this.media = { mic: false, camera: false, screen: false };
    this.record = {};       // where this side stands
    this.theirs = {};       // where the other does
    channel.binaryType = 'arraybuffer';
    channel.onopen = () => {
      this.say({ kind: 'state', ...this.media });
      this.say({ kind: 'record', ...this.record }); // which says that we can be asked
    };
    channel.onmessage = (e) => this.hear(e.data);
  }

  say(m) {
    if (this.channel.readyState !== 'open') return false;
    this.channel.send(JSON.stringify({ v: 1, ...m }));
    return true;
  }

  setMedia(media) {
    this.media = { ...this.media, ...media };
    this.say({ kind: 'state', ...this.media });
  }

  // chat returns the line as it is shown; null: it cannot be sent.
  chat(text) {
    text = text.trim();
    if (!text || new TextEncoder().encode(text).length > maxText) return null;
    const line = { id: newID(), mine: true, text, at: Date.now() };
    if (!this.say({ kind: 'chat', id: line.id, text, at: line.at })) return null;
    this.lines.set(line.id, line);
    return line;
  }

  // allow answers the question that stands, or takes the answer back.
  allow(yes) {
    this.record = { answer: this.theirs.ask ?? 0, allow: yes };
    this.say({ kind: 'record', ...this.record });
    this.tellRecord();
  }

  // tellRecord says "ask", "on" or "" of the other's recording.
  tellRecord() {
    const t = this.theirs;
    const asked = t.ask && t.ask !== this.record.answer;
    this.on.record(t.on ? 'on' : asked ? 'ask' : t.ask && this.record.allow ? 'on' : '');
  }

  hear(data) {
    if (typeof data !== 'string') return this.on.file();
    let m;
    try {
      m = JSON.parse(data);
    } catch {
      return;
    }
    if (m?.v !== 1) return;
    switch (m.kind) {
      case 'chat': {
        const text = clean(m.text);
        if (!text || typeof m.id !== 'string') return;
        this.say({ kind: 'delivered', id: m.id });
        if (this.seen.has(m.id)) return;
        if (this.seen.size >= maxLines) this.seen.clear();
        this.seen.add(m.id);
        return this.on.line({ id: m.id, mine: false, text, at: Date.now() });
      }
      case 'delivered': {
        const line = this.lines.get(m.id);
        this.lines.delete(m.id);
        return line && this.on.mark(line);
      }
      case 'state': return this.on.media({ mic: !!m.mic, camera: !!m.camera, screen: !!m.screen, waiting: !!m.waiting });
      case 'record':
        this.theirs = { ask: m.ask ?? 0, on: !!m.on };
        return this.tellRecord();
      case 'health': return this.on.most(Math.max(0, m.max_kbps ?? 0));
      default:
        if (/^file/.test(m.kind)) this.on.file();
    }
  }
}

// clean takes out what could rearrange the page: control characters, and those
// that turn the direction of what follows.
function clean(text) {
  if (typeof text !== 'string' || text.length > maxText) return '';
  return text.replace(/\r\n?/g, '\n').replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '').trim();
}

function newID() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (b) => b.toString(16).padStart(2, '0')).join('');
}
