// The page behind a call link: whoever opens it calls the link's owner as a
// guest.
//
//   devices ──track──> call ──WebRTC──> the owner's computer
//   line <──parley.v1──> service         talk <──data channel──> its program
//   view <── what any of them tells ── main

import { t } from './words.js';
import { Line } from './line.js';
import { Call } from './call.js';
import { Talk } from './talk.js';
import * as devices from './devices.js';
import * as view from './view.js';

const { $ } = view;
const { owner, code } = document.body.dataset;
const relay = location.hash === '#relay'; // hides the address of this computer

const on = { camera: true, microphone: true };
const tracks = { camera: null, microphone: null };
const chosen = { camera: '', microphone: '', speaker: '' };
const turn = { camera: Promise.resolve(), microphone: Promise.resolve() };
const faults = { microphone: '', camera: '' }; // why a device is not open, in words
const meter = new devices.Meter((level) => { $('level').value = level; });
let line, call, talk, beginning, ticking;
let unread = 0;

// unfit is why no call can be made with this browser, or "".
async function unfit() {
  if (!window.isSecureContext) return 'insecure';
  if (!window.RTCPeerConnection || !navigator.mediaDevices?.getUserMedia || !crypto.subtle) return 'old';
  try {
    await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']);
  } catch {
    return 'old';
  }
  return '';
}

// use opens or closes a device as it is wanted now, one change after the other.
function use(kind) {
  turn[kind] = turn[kind].then(() => renew(kind));
  return turn[kind];
}

async function renew(kind) {
  const before = tracks[kind];
  tracks[kind] = null;
  before?.stop(); // its light goes out
  if (on[kind]) {
    try {
      const track = tracks[kind] = await devices.open(kind, chosen[kind]);
      chosen[kind] = track.getSettings().deviceId ?? chosen[kind];
      track.onended = () => { // pulled out, or taken away
        if (tracks[kind] !== track) return;
        chosen[kind] = '';
        use(kind);
      };
      faults[kind] = '';
    } catch (err) {
      on[kind] = false;
      faults[kind] = t(`${kind}_${err.message}`);
      if (call) view.line(faults[kind]);
    }
  }
  view.trouble('trouble', Object.values(faults).filter(Boolean).join(' '));
  if (kind === 'microphone') meter.follow(call ? null : tracks.microphone);
  await (kind === 'camera' ? call?.video : call?.audio)?.replaceTrack(tracks[kind]).catch(() => {});
  shown();
}

// shown brings page and other side up to date with the devices.
function shown() {
  view.toggle(['mic', 'mic-before'], on.microphone);
  view.toggle(['cam', 'cam-before'], on.camera);
  for (const id of ['self', 'self-before']) view.attach(id, tracks.camera);
  $('self').hidden = !tracks.camera;
  $('no-picture').hidden = !!tracks.camera;
  talk?.setMedia({ mic: on.microphone && !!tracks.microphone, camera: on.camera && !!tracks.camera });
}

async function refresh() {
  for (const kind of ['camera', 'microphone']) view.choices(kind, await devices.list(kind), chosen[kind]);
  if (!devices.canChooseSpeaker) return;
  const speakers = await devices.list('speaker');
  $('speakers').hidden = !speakers.length;
  view.choices('speaker', speakers, chosen.speaker);
}

function switchTo(kind) {
  on[kind] = !on[kind];
  if (kind === 'microphone' && tracks.microphone) {
    tracks.microphone.enabled = on.microphone; // at once, and the same way back
    shown();
  } else {
    use(kind);
  }
  view.announce(t(`${kind}_${on[kind] ? 'on' : 'off'}`));
}

async function begin(name) {
  $('go').disabled = true;
  view.trouble('bad-name', '');
  line = new Line({
    url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/v1/ws`, link: code, name,
    heard: (m) => call?.hear(m),
    changed: (online) => online && call?.serviceBack(),
    anew: () => call?.standing(),
    over: (why) => call && !call.answered && call.end(why),
  });
  $('who').textContent = owner;
  view.show('call');
  $('leave').focus();
  view.status(t('calling'));
  try {
    await line.signIn();
    if (beginning !== name) return;
    call = new Call(line, { audio: tracks.microphone, video: tracks.camera, relay, on: { state, track, ended } });
    meter.stop();
    talk = new Talk(call.channel, { line: hear, mark: (l) => l.mark?.(), media: theirs, record, most: (kbps) => call?.limit(kbps), file });
    shown();
    const media = { audio: true, video: on.camera };
    await call.invite(code, media);
  } catch (err) {
    if (call) call.end(err.code ?? 'service');
    else ended(err.code ?? 'service');
  }
}

let lostAt = 0;

function state(name) {
  switch (name) {
    case 'ringing': return view.status(t('ringing'));
    case 'connecting': return view.status(t('connecting'));
    case 'connected':
      view.status('');
      $('encrypted').hidden = false;
      view.announce(t('connected'));
      $('stage').classList.remove('lost');
      lostAt = 0;
      talk.setMedia({ waiting: false });
      if (!ticking) {
        const since = Date.now();
        ticking = setInterval(() => {
          view.timer(Date.now() - since);
          if (lostAt) $('status').textContent = t('reconnecting', { s: Math.floor((Date.now() - lostAt) / 1000) });
        }, 500);
      }
      return;
    case 'lost':
      if (!ticking || lostAt) return;
      lostAt = Date.now();
      $('stage').classList.add('lost');
      talk.setMedia({ waiting: true });
      view.status(t('reconnecting', { s: 0 }), t('reconnecting_tip'));
  }
}

function track(track, second) {
  if (track.kind === 'audio') {
    view.attach('sound', track);
    if (chosen.speaker) $('sound').setSinkId?.(chosen.speaker).catch(() => {});
    return;
  }
  if (!second) return view.attach('theirs', track);
  const shared = (yes) => {
    $('screen').hidden = !yes;
    $('stage').classList.toggle('shared', yes);
    view.attach('screen', yes ? track : null);
    view.line(t(yes ? 'shares' : 'shares_no_more'));
  };
  shared(true);
  track.onmute = track.onended = () => shared(false);
  track.onunmute = () => shared(true);
}

function theirs(m) {
  $('stage').classList.toggle('dark', !m.camera);
  const words = [];
  if (!m.mic) words.push(t('muted'));
  if (!m.camera) words.push(t('camera_off_theirs'));
  if (m.waiting) words.push(t('waiting'));
  const text = words.join(' · ');
  if (text && $('muted').textContent !== text) view.announce(text);
  $('muted').textContent = text;
  $('muted').hidden = !text;
}

function hear(l) {
  view.addLine(l);
  if (!$('chat').hidden) return;
  $('unread').textContent = ++unread;
  $('unread').hidden = false;
  view.line(t('wrote'));
}

function file() {
  view.addLine({ text: t('no_files') });
  view.line(t('no_files'));
}

function record(what) {
  $('ask').hidden = what !== 'ask';
  const began = what === 'on' && $('recorded').hidden;
  $('recorded').hidden = what !== 'on';
  if (what === 'ask') {
    $('ask-text').textContent = t('asks_record');
    view.announce($('ask-text').textContent);
    $('ask-no').focus();
  }
  if (began) view.announce(t('recorded'));
}

function openChat(open) {
  $('chat').hidden = !open;
  $('chat-open').setAttribute('aria-expanded', open);
  if (open) {
    unread = 0;
    $('unread').hidden = $('line').hidden = true;
    $('text').focus();
  } else {
    $('chat-open').focus();
  }
}

const ends = new Set(['left', 'hangup', 'declined', 'busy', 'failed', 'no_answer', 'unreachable', 'lost', 'away', 'bad_name',
  'link_unknown', 'link_used', 'link_expired', 'slow_down', 'too_many', 'cancelled', 'draining', 'storage']);

// ended says why, and offers another try where one can succeed.
function ended(reason, message) {
  const connected = !!ticking;
  clearInterval(ticking);
  ticking = null;
  meter.stop();
  line?.close();
  call = talk = line = beginning = null;
  for (const id of ['theirs', 'screen', 'sound']) view.attach(id, null);
  $('lines').replaceChildren();
  $('ask').hidden = $('recorded').hidden = $('muted').hidden = $('screen').hidden = $('encrypted').hidden = $('line').hidden = true;
  $('stage').classList.remove('lost', 'shared', 'dark');
  $('timer').textContent = '';
  $('chat').hidden = true;
  $('chat-open').setAttribute('aria-expanded', false);
  $('go').disabled = false;
  if (reason === 'bad_name') {
    view.show('before');
    view.trouble('bad-name', t('end_bad_name'));
    $('name').focus();
    return;
  }
  for (const kind of ['camera', 'microphone']) {
    tracks[kind]?.stop();
    tracks[kind] = null;
  }
  let why = ends.has(reason) ? reason : 'service';
  if (why === 'unreachable' && connected) why = 'lost';
  let text = t(`end_${why}`);
  if (message) text += ` ${t('said', { text: message })}`;
  $('again').textContent = t(connected || why === 'left' ? 'call_again' : 'again');
  view.notice(t(connected || why === 'left' ? 'over' : 'no_call'), text, !/^link_/.test(why));
}

async function prepare() {
  view.show('before');
  $('name').value ||= localStorage.getItem('name') ?? '';
  on.camera = on.microphone = true;
  await use('microphone');
  await use('camera');
  await refresh();
}

function wire() {
  $('join').onsubmit = (e) => {
    e.preventDefault();
    const name = $('name').value.trim();
    if (!name || beginning) return;
    localStorage.setItem('name', name);
    beginning = name;
    begin(name);
  };
  for (const id of ['mic', 'mic-before']) $(id).onclick = () => switchTo('microphone');
  for (const id of ['cam', 'cam-before']) $(id).onclick = () => switchTo('camera');
  for (const kind of ['camera', 'microphone']) {
    $(kind).onchange = () => {
      chosen[kind] = $(kind).value;
      on[kind] = true;
      use(kind);
    };
  }
  $('speaker').onchange = () => {
    chosen.speaker = $('speaker').value;
    $('sound').setSinkId?.(chosen.speaker).catch(() => {});
  };
  $('beep').onclick = () => devices.beep(chosen.speaker);
  $('leave').onclick = () => (call ? call.hangup() : ended('left'));
  $('chat-open').onclick = () => openChat($('chat').hidden);
  $('chat-close').onclick = () => openChat(false);
  $('write').onsubmit = (e) => {
    e.preventDefault();
    const l = talk?.chat($('text').value);
    if (!l) return $('text').value.trim() && view.line(t('not_sent'));
    view.addLine(l);
    $('text').value = '';
  };
  $('ask-yes').onclick = () => talk.allow(true);
  $('ask-no').onclick = () => talk.allow(false);
  $('stop-record').onclick = () => talk.allow(false);
  $('again').onclick = prepare;
  navigator.mediaDevices.ondevicechange = refresh;
  window.addEventListener('pagehide', () => {
    call?.hangup();
    line?.close();
  });
  document.addEventListener('keydown', (e) => {
    if (e.key === 'Escape' && !$('chat').hidden) openChat(false);
    if (!e.ctrlKey || e.altKey || $('call').hidden) return;
    const keys = { d: 'mic', e: 'cam' };
    if (!e.shiftKey && keys[e.key]) {
      e.preventDefault();
      $(keys[e.key]).click();
    }
  });
}

document.body.dataset.begun = 'yes'; // see old.js
const why = await unfit();
if (why) {
  view.notice(t('no_call'), t(`unfit_${why}`), false);
} else {
  wire();
  await prepare();
}
