// Sentences in the language that the service chose for the page.

const lang = document.documentElement.lang;
const list = await (await fetch(`/guest/lang/${lang}.json`)).json();

const { owner } = document.body.dataset;

// t is the sentence of that name, with {owner} and what else it has filled in.
export function t(name, values = {}) {
  return (list[name] ?? name).replace(/\{(\w+)\}/g, (all, key) => ({ owner, ...values })[key] ?? all);
}

export function clock(at) {
  return new Intl.DateTimeFormat(lang, { hour: '2-digit', minute: '2-digit' }).format(at);
}
