// What the page shows. It knows elements and sentences, not calls.

import { t, clock } from './words.js';

export const $ = (id) => document.getElementById(id);

const screens = ['notice', 'before', 'call'];

export function show(name) {
  for (const s of screens) $(s).hidden = s !== name;
}

// announce says a state to those who do not see it.
export function announce(text) {
  $('live').textContent = text;
}

export function notice(title, text, again) {
  $('notice-title').textContent = title;
  $('notice-text').textContent = text;
  $('again').hidden = !again;
  show('notice');
  $('notice-title').focus();
}

export function trouble(id, text) {
  $(id).textContent = text;
  $(id).hidden = !text;
}

// toggle shows whether something is on: pressed is on.
export function toggle(ids, on) {
  for (const id of ids) $(id).setAttribute('aria-pressed', on);
}

// choices fills a list of devices and keeps what is chosen.
export function choices(id, devices, chosen) {
  const list = $(id);
  list.replaceChildren(...devices.map((d, i) => new Option(d.label || `${t(id)} ${i + 1}`, d.id)));
  if (!devices.length) list.append(new Option(t('no_device'), ''));
  list.disabled = !devices.length;
  if (devices.some((d) => d.id === chosen)) list.value = chosen;
}

export function attach(id, track) {
  const element = $(id);
  element.srcObject = track ? new MediaStream([track]) : null;
  if (track) element.play().catch(() => {}); // it plays with the first click, then
}

// status is the big words in the middle; "": none.
export function status(text, tip = '') {
  if ($('status').textContent !== text && text) announce(text);
  $('status').textContent = text;
  $('tip').textContent = tip;
}

let hiding;

// line is one sentence that goes by itself.
export function line(text) {
  $('line').textContent = text;
  $('line').hidden = false;
  announce(text);
  clearTimeout(hiding);
  hiding = setTimeout(() => { $('line').hidden = true; }, 6000);
}

export function addLine(l) {
  const item = document.createElement('li');
  item.textContent = l.text;
  if (l.id) {
    item.className = l.mine ? 'mine' : '';
    const note = document.createElement('small');
    note.textContent = clock(l.at);
    item.append(note);
    l.mark = () => { note.textContent = t('delivered', { time: clock(l.at) }); };
  } else {
    item.className = 'note';
  }
  $('lines').append(item);
  while ($('lines').childElementCount > 1000) $('lines').firstElementChild.remove();
  item.scrollIntoView({ block: 'end' });
}

export function timer(ms) {
  const s = Math.floor(ms / 1000), two = (n) => String(n).padStart(2, '0');
  const h = Math.floor(s / 3600);
  $('timer').textContent = `${h ? `${h}:` : ''}${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}
