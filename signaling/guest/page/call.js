// One call: the connection to the other computer, and what keeps it. The page
// is the caller, and so the impolite side of perfect negotiation (W3C webrtc
// section 10.7). A generation counts ICE restarts, as in PROTOCOL.md.

const mendAfter = 4000;    // ms without packets before new addresses are tried
const answerWithin = 10000; // an offer without an answer is made again
const giveUpAfter = 60000;
const batchFor = 30;       // candidates that come within it travel together

export class Call {
  // on: {state(name), track(track, second), ended(reason, message)}
  constructor(line, { audio, video, relay, on }) {
    this.line = line;
    this.on = on;
    this.id = newID();
    this.generation = 0;
    this.generations = new Map(); // of own candidates, by ufrag
    this.early = [];              // candidates of the other side before their description
    this.mine = [];               // own candidates not sent yet
    this.known = false;           // the service knows the call
    this.answered = false;
    this.turn = Promise.resolve();
    const pc = this.pc = new RTCPeerConnection({
      iceServers: line.ice.servers, bundlePolicy: 'max-bundle', iceTransportPolicy: relay ? 'relay' : 'all',
    });
    const stream = new MediaStream();
    this.audio = pc.addTransceiver(audio ?? 'audio', { streams: [stream] }).sender;
    const camera = pc.addTransceiver(video ?? 'video', { streams: [stream] });
    preferVP8(camera);
    this.video = camera.sender;
    this.channel = pc.createDataChannel('parley', { negotiated: true, id: 0 });
    pc.onicecandidate = (e) => this.gathered(e.candidate);
    pc.onconnectionstatechange = () => this.connection();
    pc.ontrack = (e) => on.track(e.track, e.track.kind === 'video' && e.transceiver !== camera);
  }

  // invite resolves with the person who is rung.
  async invite(link, media) {
    this.media = media;
    await this.pc.setLocalDescription();
    this.note();
    const said = await this.line.request('invite', this.id, { link, media, offer: plain(this.pc.localDescription) });
    this.known = true;
    this.flush();
    this.peer = said.person;
    return said.person;
  }

  // step does one thing to the descriptions after the other.
  step(f) {
    this.turn = this.turn.then(() => (this.over ? null : f())).catch((err) => console.warn('negotiation:', err.message));
    return this.turn;
  }

  hear(m) {
    if (m.call !== this.id || this.over) return;
    const b = m.body ?? {};
    switch (m.kind) {
      case 'ringing': return this.on.state('ringing');
      case 'answer':
        this.answered = true;
        this.since = Date.now();
        this.on.state('connecting');
        this.watch();
        return this.step(() => this.apply(b.answer));
      case 'candidates':
        this.early.push(b);
        return this.step(() => this.useEarly());
      case 'negotiate': return this.step(() => this.negotiate(b));
      case 'reject': case 'cancel': case 'hangup': return this.end(b.reason, b.message);
    }
  }

  async apply(description) {
    await this.pc.setRemoteDescription(description);
    await this.useEarly();
    // A path that came back by itself in the meantime tells nothing more.
    if (this.lost && this.pc.connectionState === 'connected') this.connection();
  }

  async useEarly() {
    if (!this.pc.remoteDescription) return;
    const now = this.early.filter((c) => c.generation === this.generation);
    this.early = this.early.filter((c) => c.generation > this.generation);
    for (const batch of now) {
      for (const c of batch.candidates ?? []) await this.pc.addIceCandidate(c).catch(() => {}); // one of many
    }
  }

  async negotiate({ description, generation, restart }) {
    const waiting = this.pc.signalingState === 'have-local-offer';
    if (description.type === 'answer') {
      if (!waiting || generation !== this.generation) return;
      clearTimeout(this.unanswered);
      await this.apply(description);
      return;
    }
    if (waiting || generation < this.generation) return; // ours goes first
    await this.pc.setRemoteDescription(description);
    this.generation = generation;
    await this.pc.setLocalDescription();
    this.note();
    this.line.send('negotiate', this.id, { description: plain(this.pc.localDescription), generation, restart });
    await this.useEarly();
    this.flush();
  }

  // restart tries new addresses; the service must be there for it.
  restart() {
    if (!this.line.online || !this.answered) return;
    this.step(async () => {
      const { servers } = await this.line.request('ice', '').catch(() => this.line.ice);
      this.pc.setConfiguration({ ...this.pc.getConfiguration(), iceServers: servers });
      if (this.pc.connectionState === 'connected' || this.pc.signalingState === 'have-remote-offer') return;
      await this.pc.setLocalDescription(await this.pc.createOffer({ iceRestart: true }));
      this.generation++;
      this.note();
      this.line.send('negotiate', this.id, { description: plain(this.pc.localDescription), generation: this.generation, restart: true });
      this.flush();
      clearTimeout(this.unanswered);
      this.unanswered = setTimeout(() => this.restart(), answerWithin);
    });
  }

  connection() {
    const state = this.pc.connectionState;
    switch (state) {
      case 'connected':
        for (const t of [this.mend, this.unanswered, this.hopeless]) clearTimeout(t);
        this.hopeless = null;
        this.lost = false;
        return this.on.state('connected');
      case 'disconnected': case 'failed':
        this.lost = true;
        this.on.state('lost');
        this.watch();
        clearTimeout(this.mend);
        if (state === 'failed') this.restart();
        else this.mend = setTimeout(() => this.restart(), mendAfter);
    }
  }

  watch() {
    this.hopeless ??= setTimeout(() => this.hangup('unreachable', 'lost'), giveUpAfter);
  }

  // serviceBack tells that the line is there again.
  serviceBack() {
    if (this.pc.connectionState !== 'connected') this.restart();
  }

  // standing tells a service that has forgotten the call.
  standing() {
    if (!this.answered || !this.peer) return this.end('service');
    this.line.send('standing', this.id, { peer: this.peer.key, caller: true, media: this.media, age_ms: Date.now() - this.since });
    this.serviceBack();
  }

  // note ties own candidates to the generation of their description.
  note() {
    const ufrag = /a=ice-ufrag:(\S+)/.exec(this.pc.localDescription.sdp)?.[1];
    if (!this.generations.has(ufrag)) this.generations.set(ufrag, this.generation);
  }

  gathered(c) {
    this.mine.push(c);
    if (this.known) this.sending ??= setTimeout(() => this.flush(), batchFor);
  }

  flush() {
    clearTimeout(this.sending);
    this.sending = null;
    if (!this.known || this.over) return;
    const batches = new Map();
    const rest = [];
    let last = this.generation;
    for (const c of this.mine) {
      if (c && !this.generations.has(c.usernameFragment)) { // its description is not noted yet
        rest.push(c);
        continue;
      }
      const generation = last = c ? this.generations.get(c.usernameFragment) : last;
      const b = batches.get(generation) ?? { generation, candidates: [] };
      if (c?.candidate) b.candidates.push(c.toJSON());
      else b.end = true;
      batches.set(generation, b);
    }
    this.mine = rest;
    for (const b of batches.values()) this.line.send('candidates', this.id, b);
  }

  // limit bounds what is sent, kbit/s in all; 0: no bound.
  async limit(kbps) {
    const p = this.video.getParameters();
    for (const e of p.encodings ?? []) {
      if (kbps) e.maxBitrate = Math.max(50, kbps - 50) * 1000;
      else delete e.maxBitrate;
    }
    if (p.encodings?.length) await this.video.setParameters(p);
  }

  hangup(reason = 'hangup', why = 'left') {
    if (this.over) return;
    if (this.known) {
      if (this.answered) this.line.send('hangup', this.id, { reason });
      else this.line.send('cancel', this.id, { reason: 'cancelled' });
    }
    this.end(why);
  }

  end(reason, message) {
    if (this.over) return;
    this.over = true;
    for (const t of [this.mend, this.unanswered, this.hopeless, this.sending]) clearTimeout(t);
    this.pc.close();
    this.on.ended(reason, message);
  }
}

function plain(d) {
  return { type: d.type, sdp: d.sdp };
}

function preferVP8(transceiver) {
  const list = RTCRtpReceiver.getCapabilities('video')?.codecs.filter((c) => /VP8|rtx/i.test(c.mimeType)) ?? [];
  if (list.length) transceiver.setCodecPreferences?.(list);
}

// newID is 16 random bytes in base32.
function newID() {
  const digits = 'abcdefghijklmnopqrstuvwxyz234567';
  let bits = '';
  for (const b of crypto.getRandomValues(new Uint8Array(16))) bits += b.toString(2).padStart(8, '0');
  return bits.match(/.{1,5}/g).map((g) => digits[parseInt(g.padEnd(5, '0'), 2)]).join('');
}
