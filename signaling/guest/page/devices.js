// Camera, microphone and speaker of this computer.

const wanted = {
  camera: { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } },
  microphone: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
};

// open returns a track. The error's message is "denied", "none" or "busy".
export async function open(kind, id) {
  const want = { ...wanted[kind], ...(id ? { deviceId: { exact: id } } : {}) };
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ [kind === 'camera' ? 'video' : 'audio']: want });
    return stream.getTracks()[0];
  } catch (err) {
    const reasons = { NotAllowedError: 'denied', SecurityError: 'denied', NotFoundError: 'none', OverconstrainedError: 'none' };
    throw new Error(reasons[err.name] ?? 'busy');
  }
}

const kinds = { camera: 'videoinput', microphone: 'audioinput', speaker: 'audiooutput' };

// list returns {id, label} of every device of a kind.
export async function list(kind) {
  const all = await navigator.mediaDevices.enumerateDevices();
  return all.filter((d) => d.kind === kinds[kind] && d.deviceId).map((d) => ({ id: d.deviceId, label: d.label }));
}

export const canChooseSpeaker = 'setSinkId' in HTMLMediaElement.prototype;

// Meter tells how loud a track is, 0 to 1, ten times a second.
export class Meter {
  constructor(show) {
    this.show = show;
  }

  follow(track) {
    this.stop();
    if (!track) return;
    this.context = new AudioContext();
    const ear = this.context.createAnalyser();
    ear.fftSize = 1024;
    this.context.createMediaStreamSource(new MediaStream([track])).connect(ear);
    const samples = new Float32Array(ear.fftSize);
    this.timer = setInterval(() => {
      ear.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, v) => sum + v * v, 0) / samples.length;
      this.show(Math.max(0, Math.min(1, 1 + Math.log10(power + 1e-9) / 5))); // 0 at -50 dB
    }, 100);
  }

  stop() {
    clearInterval(this.timer);
    this.context?.close();
    this.context = null;
    this.show(0);
  }
}

// beep plays a short sound on a speaker.
export async function beep(speaker) {
  const context = new AudioContext();
  if (speaker) await context.setSinkId?.(speaker).catch(() => {});
  await context.resume();
  const tone = context.createOscillator(), gain = context.createGain();
  tone.frequency.value = 523;
  gain.gain.setValueAtTime(0.2, context.currentTime);
  gain.gain.exponentialRampToValueAtTime(0.001, context.currentTime + 0.6);
  tone.connect(gain).connect(context.destination);
  tone.onended = () => context.close();
  tone.start();
  tone.stop(context.currentTime + 0.6);
}
