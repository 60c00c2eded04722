// One side of a call in a browser, for tests and benchmarks: it makes offers
// and answers, sends the fake camera and microphone (or what it draws and
// plays itself), shows what arrives, and speaks the words of Parley's data
// channel. Go drives it by calling the functions of window.call; what happens
// by itself is told through window.tell, a binding of the driver.

const call = {};
window.call = call;

let pc, chat, local, audio;
const remotes = [];  // {kind, track, element, painted}
const lines = [];    // chat: {id, mine, text, delivered}
let theirs = null;   // what the other side says that it sends

function tell(what, detail) {
  window.tell?.(JSON.stringify({ what, ...detail }));
}

// start opens the devices and the connection. want: {video, audio, width,
// height, rate, canvas: draws its own picture with the time in it, tone: Hz,
// nothing: data alone}.
call.start = async (want) => {
  pc = new RTCPeerConnection({ iceServers: want.servers ?? [], bundlePolicy: 'max-bundle' });
  call.pc = pc;
  pc.onicecandidate = (e) => tell('candidate', { candidate: e.candidate?.toJSON() ?? null });
  pc.onconnectionstatechange = () => tell('connection', { state: pc.connectionState });
  pc.ontrack = (e) => attach(e.track);
  chat = pc.createDataChannel('parley', { negotiated: true, id: 0 });
  chat.binaryType = 'arraybuffer';
  chat.onopen = () => tell('open', {});
  chat.onmessage = (e) => hear(e.data);
  local = new MediaStream();
  if (want.audio) {
    local.addTrack(want.tone ? toneTrack(want.tone) : await capture({ audio: rawSound }));
  }
  if (want.video) {
    const size = { width: want.width, height: want.height, frameRate: want.rate };
    local.addTrack(want.canvas ? drawnTrack(size) : await capture({ video: size }));
  }
  for (const t of local.getTracks()) pc.addTrack(t, local);
  const video = pc.getTransceivers().find((t) => t.sender.track?.kind === 'video');
  if (video) preferVP8(video);
  if (want.bitrate) await call.limit(want.bitrate);
};

// The fake microphone hears a tone, which echo cancellation and noise
// suppression would take for noise.
const rawSound = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };

async function capture(constraints) {
  return (await navigator.mediaDevices.getUserMedia(constraints)).getTracks()[0];
}

function sound() {
  audio ??= new AudioContext({ sampleRate: 48000 });
  return audio;
}

function toneTrack(hz) {
  const out = sound().createMediaStreamDestination();
  const oscillator = sound().createOscillator();
  const gain = sound().createGain();
  gain.gain.value = 0.25;
  oscillator.frequency.value = hz;
  oscillator.connect(gain).connect(out);
  oscillator.start();
  return out.stream.getAudioTracks()[0];
}

// drawnTrack is a moving picture with the time of its drawing in milliseconds,
// 32 bits as black and white squares along the upper edge: see stamp.
function drawnTrack({ width, height, frameRate }) {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const g = canvas.getContext('2d');
  let n = 0;
  const draw = () => {
    g.fillStyle = '#345';
    g.fillRect(0, 0, width, height);
    g.fillStyle = '#c93';
    g.fillRect((n * 7) % width, height / 3, width / 8, height / 8);
    const now = clock(), cell = width / 32;
    for (let i = 0; i < 32; i++) {
      g.fillStyle = (now >>> i) & 1 ? '#fff' : '#000';
      g.fillRect(i * cell, 0, cell, cell);
    }
    n++;
  };
  draw();
  setInterval(draw, 1000 / frameRate);
  return canvas.captureStream(frameRate).getVideoTracks()[0];
}

// clock is the same in all pages of a machine: ms, cut to 32 bits.
function clock() {
  return Math.round(performance.timeOrigin + performance.now()) >>> 0;
}

function preferVP8(transceiver) {
  const list = RTCRtpSender.getCapabilities('video').codecs;
  transceiver.setCodecPreferences(list.filter((c) => /VP8|rtx/.test(c.mimeType)));
}

function attach(track) {
  const element = document.createElement(track.kind);
  element.autoplay = true;
  element.playsInline = true;
  element.srcObject = new MediaStream([track]);
  document.body.append(element);
  const r = { kind: track.kind, track, element, painted: 0, first: 0 };
  if (track.kind === 'video') watch(r);
  remotes.push(r);
  tell('track', { kind: track.kind });
}

function watch(r) {
  const on = (now, meta) => {
    if (!r.painted++) {
      r.first = clock();
      tell('picture', { at: r.first });
    }
    r.onpaint?.(now, meta);
    r.element.requestVideoFrameCallback(on);
  };
  r.element.requestVideoFrameCallback(on);
}

const of = (kind) => remotes.filter((r) => r.kind === kind);

call.remotes = () => remotes.map((r) => ({ kind: r.kind, painted: r.painted, width: r.element.videoWidth ?? 0, height: r.element.videoHeight ?? 0 }));

call.offer = async (options) => {
  const d = await pc.createOffer(options);
  await pc.setLocalDescription(d);
  return { type: d.type, sdp: d.sdp };
};

call.answer = async (offer) => {
  await pc.setRemoteDescription(offer);
  const d = await pc.createAnswer();
  await pc.setLocalDescription(d);
  return { type: d.type, sdp: d.sdp };
};

call.answered = (answer) => pc.setRemoteDescription(answer);

call.candidates = async (list) => {
  for (const c of list) await pc.addIceCandidate(c);
};

// loop connects the page with itself, without a line in between, and returns
// how many ms after it began both were connected and the first picture was
// shown. The devices are open before.
call.loop = async (want) => {
  await call.start(want);
  const other = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
  other.createDataChannel('parley', { negotiated: true, id: 0 });
  const began = performance.now();
  const connected = [pc, other].map((c) => new Promise((done) => {
    c.onconnectionstatechange = () => { if (c.connectionState === 'connected') done(performance.now() - began); };
  }));
  const shown = new Promise((done) => {
    other.ontrack = (e) => {
      attach(e.track);
      if (e.track.kind === 'video') remotes.at(-1).element.requestVideoFrameCallback(() => done(performance.now() - began));
    };
  });
  pc.onicecandidate = (e) => { if (e.candidate) other.addIceCandidate(e.candidate); };
  other.onicecandidate = (e) => { if (e.candidate) pc.addIceCandidate(e.candidate); };
  const offer = await call.offer();
  await other.setRemoteDescription(offer);
  await other.setLocalDescription();
  await pc.setRemoteDescription(other.localDescription);
  return { connected: Math.max(...await Promise.all(connected)), picture: want.video ? await shown : 0 };
};

// another adds a second picture, as for sharing a screen; an offer follows.
call.another = (size) => {
  const track = drawnTrack(size);
  pc.addTrack(track, new MediaStream([track]));
  preferVP8(pc.getTransceivers().at(-1));
};

// mute goes through the track, as in any browser application, and is said.
call.mute = (kind, on) => {
  for (const t of local.getTracks()) if (t.kind === kind) t.enabled = !on;
  const mine = (k) => local.getTracks().some((t) => t.kind === k && t.enabled);
  say({ kind: 'state', mic: mine('audio'), camera: mine('video') });
};

// limit bounds the picture's bitrate, bit/s, and keeps its size.
call.limit = async (bitrate) => {
  const sender = pc.getSenders().find((s) => s.track?.kind === 'video');
  const p = sender.getParameters();
  for (const e of p.encodings) e.maxBitrate = bitrate;
  p.degradationPreference = 'maintain-resolution';
  await sender.setParameters(p);
};

call.stats = async () => [...(await pc.getStats()).values()];

call.state = () => ({ connection: pc.connectionState, signaling: pc.signalingState, chat: chat.readyState, lines, theirs });

call.close = () => pc.close();

// picture is the nth remote video as it is shown now, as a PNG.
call.picture = (n) => {
  const e = of('video')[n]?.element;
  if (!e?.videoWidth) return '';
  const canvas = document.createElement('canvas');
  canvas.width = e.videoWidth;
  canvas.height = e.videoHeight;
  canvas.getContext('2d').drawImage(e, 0, 0);
  return canvas.toDataURL('image/png');
};

// heard takes the last 85 ms of what is heard, as samples of ±1.
let ear;
call.heard = async () => {
  if (!ear) {
    ear = sound().createAnalyser();
    ear.fftSize = 4096;
    for (const r of of('audio')) sound().createMediaStreamSource(new MediaStream([r.track])).connect(ear);
    await sound().resume();
  }
  const samples = new Float32Array(ear.fftSize);
  ear.getFloatTimeDomainData(samples);
  return [...samples];
};

function say(message) {
  chat.send(JSON.stringify({ v: 1, ...message }));
}

call.say = (text) => {
  const id = crypto.randomUUID();
  lines.push({ id, mine: true, text, delivered: false });
  say({ kind: 'chat', id, text, at: Date.now() });
};

function hear(text) {
  if (typeof text !== 'string') return sink(text);
  const m = JSON.parse(text);
  switch (m.kind) {
    case 'chat':
      lines.push({ id: m.id, mine: false, text: m.text });
      say({ kind: 'delivered', id: m.id });
      break;
    case 'delivered':
      lines.find((l) => l.id === m.id).delivered = true;
      break;
    case 'state':
      theirs = { mic: m.mic, camera: m.camera };
      break;
  }
  tell('message', { kind: m.kind });
}

// Raw bytes, for measuring how fast files would go.
let received = 0, finished = null, expected = 0;

function sink(bytes) {
  received += bytes.byteLength;
  if (expected && received >= expected) finished?.(performance.now());
}

// expect resolves with the seconds that n bytes took from now on.
call.expect = (n) => new Promise((done) => {
  const began = performance.now();
  received = 0;
  expected = n;
  finished = (at) => done((at - began) / 1000);
});

// pour sends n bytes in messages of size as fast as the channel takes them.
call.pour = async (n, size) => {
  const block = new Uint8Array(size);
  chat.bufferedAmountLowThreshold = 1 << 20;
  for (let sent = 0; sent < n; sent += size) {
    if (chat.bufferedAmount > 4 << 20) {
      await new Promise((go) => { chat.onbufferedamountlow = go; });
    }
    chat.send(block);
  }
};

// lateness collects, for ms, how long after its drawing each picture was
// painted: needs the other side's picture to be drawn (see drawnTrack).
call.lateness = (ms) => new Promise((done) => {
  const r = of('video')[0];
  const late = [];
  const strip = document.createElement('canvas');
  strip.width = 32;
  strip.height = 1;
  const g = strip.getContext('2d', { willReadFrequently: true });
  r.onpaint = () => {
    const w = r.element.videoWidth, cell = w / 32;
    g.drawImage(r.element, 0, cell / 4, w, cell / 2, 0, 0, 32, 1);
    const px = g.getImageData(0, 0, 32, 1).data;
    let at = 0;
    for (let i = 0; i < 32; i++) if (px[4 * i] > 127) at |= 1 << i;
    late.push((clock() - (at >>> 0)) | 0);
  };
  setTimeout(() => { r.onpaint = null; done(late); }, ms);
});

tell('ready', {});
