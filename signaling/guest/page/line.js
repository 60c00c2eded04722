// The line to the service: parley.v1 as PROTOCOL.md in signaling/wire has it,
// as much of it as a guest needs. A session outlives its connections; what is
// sent arrives once and in order, or the session is over.

const waits = [0, 250, 500, 1000, 2000, 4000, 8000, 15000]; // ms before a new connection
const signInWithin = 15000;
const maxKept = 256;

export const base64 = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)));
const bytesOf = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

// Refused is what the service, or the way to it, said no with.
export class Refused extends Error {
  constructor(code, retry = 0) {
    super(code);
    this.code = code;
    this.retry = retry;
  }
}

export class Line {
  // heard(envelope) gets the messages of calls, changed(online) how the line
  // is, anew() that the service has forgotten the session and has a new one,
  // over(code) that there will be none.
  constructor({ url, link, name, heard, changed, anew, over }) {
    Object.assign(this, { url, link, name, heard, changed, anew, over });
    this.session = '';
    this.in = 0;        // last number that came
    this.out = 0;       // last number given
    this.acked = 0;     // last number acknowledged to the service
    this.kept = [];     // messages that the service may not have
    this.asked = new Map();
    this.ids = 0;
    this.tries = 0;
    this.online = false;
    this.closed = false;
    window.addEventListener('online', this.probe = () => this.reconnect());
  }

  // signIn resolves with the body of ready.
  async signIn() {
    this.key = await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']);
    this.pub = base64(await crypto.subtle.exportKey('raw', this.key.publicKey));
    return new Promise((resolve, reject) => {
      this.first = { resolve, reject };
      this.limit = setTimeout(() => this.fail('unreachable'), signInWithin);
      this.connect();
    });
  }

  connect() {
    if (this.closed) return;
    const ws = this.ws = new WebSocket(this.url, 'parley.v1');
    this.listen(20000);
    ws.onmessage = async (e) => {
      if (ws !== this.ws) return;
      let m;
      try {
        m = JSON.parse(e.data);
      } catch {
        ws.close();
        return;
      }
      this.listen(2 * (this.pingEvery ?? 10000));
      this.take(m);
    };
    ws.onclose = (e) => {
      if (ws !== this.ws) return;
      this.ws = null;
      clearTimeout(this.deaf);
      this.setOnline(false);
      if (this.closed) return;
      if (e.code >= 4500 && e.code <= 4999) {
        this.fail(this.refusal ?? 'service');
        return;
      }
      if (this.refusal) {
        this.fail(this.refusal);
        return;
      }
      const wait = waits[Math.min(this.tries++, waits.length - 1)];
      this.again = setTimeout(() => this.connect(), wait * (0.75 + Math.random() / 2));
    };
  }

  // listen gives a connection up on which nothing comes any more.
  listen(ms) {
    clearTimeout(this.deaf);
    this.deaf = setTimeout(() => this.reconnect(), ms);
  }

  // reconnect does not wait for the end of a connection that may be dead.
  reconnect() {
    if (this.closed) return;
    clearTimeout(this.again);
    const old = this.ws;
    this.ws = null;
    if (old) {
      old.onclose = old.onmessage = null;
      old.close();
    }
    this.setOnline(false);
    this.connect();
  }

  setOnline(online) {
    if (online === this.online) return;
    this.online = online;
    this.changed(online);
  }

  fail(code, retry) {
    if (this.closed) return;
    const first = this.first;
    this.close();
    if (first) first.reject(new Refused(code, retry));
    else this.over(code);
  }

  async sign(...parts) {
    const all = new Blob(parts);
    return base64(await crypto.subtle.sign('Ed25519', this.key.privateKey, await all.arrayBuffer()));
  }

  async greet(w) {
    const nonce = bytesOf(w.nonce), ws = this.ws;
    this.pingEvery = w.ping_ms;
    const m = this.session
      ? { kind: 'resume', ack: this.in, body: { session: this.session, token: this.token, signature:
          await this.sign(`parley.v1 resume\0${w.server}\0${this.session}\0`, nonce, bytesOf(this.token)) } }
      : { kind: 'hello', id: 'hello', body: { key: this.pub, name: this.name, link: this.link, client: 'page', signature:
          await this.sign(`parley.v1 hello\0${w.server}\0`, nonce) } };
    if (ws === this.ws) ws.send(JSON.stringify(m));
  }

  take(m) {
    if (m.ack) this.kept = this.kept.filter((k) => k.seq > m.ack);
    if (m.seq) {
      if (m.seq <= this.in) return this.ackSoon();
      if (m.seq !== this.in + 1) return this.reconnect();
      this.in = m.seq;
      this.ackSoon();
    }
    switch (m.kind) {
      case 'welcome': return void this.greet(m.body);
      case 'ready': return this.ready(m.body);
      case 'resumed':
        this.token = m.body.token;
        this.refresh(m.body.ice);
        this.settle();
        for (const k of this.kept) this.write(k);
        if (!this.kept.length) this.write({ kind: 'ack' }); // shows that the token came
        return;
      case 'ping': return this.write({ kind: 'pong' });
      case 'drain':
        setTimeout(() => this.reconnect(), m.body.after_ms);
        return;
      case 'ok': case 'error': return this.reply(m);
      default: this.heard(m);
    }
  }

  ready(body) {
    Object.assign(this, { session: body.session, token: body.token, in: 0, out: 0, kept: [], me: body.me });
    this.refresh(body.ice);
    this.settle();
    if (this.first) {
      clearTimeout(this.limit);
      this.first.resolve(body);
      this.first = null;
    } else {
      this.anew();
    }
  }

  refresh(ice) {
    this.ice = ice;
  }

  settle() {
    this.tries = 0;
    this.setOnline(true);
  }

  reply(m) {
    const asked = this.asked.get(m.id);
    if (asked) {
      this.asked.delete(m.id);
      if (m.kind === 'ok') asked.resolve(m.body);
      else asked.reject(new Refused(m.body.code, m.body.retry_ms));
      return;
    }
    if (m.kind !== 'error') return;
    if (m.body.code === 'resume_failed') {
      this.session = '';
      for (const a of this.asked.values()) a.reject(new Refused('service'));
      this.asked.clear();
      this.reconnect();
      return;
    }
    if (!this.online) this.refusal = m.body.code; // of hello: the close says the rest
    if (m.body.code === 'bad_name') this.fail('bad_name');
  }

  // request resolves with the body of ok; Refused otherwise.
  request(kind, call, body) {
    return new Promise((resolve, reject) => {
      const id = `r${++this.ids}`;
      this.asked.set(id, { resolve, reject });
      this.post({ kind, id, call, body });
    });
  }

  send(kind, call, body) {
    this.post({ kind, call, body });
  }

  post(m) {
    if (this.closed || !this.session) return;
    m.seq = ++this.out;
    this.kept.push(m);
    if (this.kept.length > maxKept) this.fail('service');
    else if (this.online) this.write(m);
  }

  write(m) {
    if (this.ws?.readyState !== WebSocket.OPEN) return;
    clearTimeout(this.acking);
    this.acking = null;
    this.acked = this.in;
    this.ws.send(JSON.stringify(this.in ? { ...m, ack: this.in } : m));
  }

  ackSoon() {
    if (this.in - this.acked >= 32) this.write({ kind: 'ack' });
    else this.acking ??= setTimeout(() => this.write({ kind: 'ack' }), 250);
  }

  // close says bye and ends everything.
  close() {
    if (this.closed) return;
    this.write({ kind: 'bye' });
    this.closed = true;
    this.first = null;
    for (const t of [this.limit, this.again, this.deaf, this.acking]) clearTimeout(t);
    window.removeEventListener('online', this.probe);
    this.ws?.close(1000);
  }
}
