// For browsers that cannot read the rest: if the page has not begun after some
// seconds, it says so. In the JavaScript of old.
setTimeout(function () {
  var body = document.body;
  if (body.getAttribute('data-begun')) return;
  document.getElementById('notice-title').textContent = body.getAttribute('data-sorry');
  document.getElementById('notice-text').textContent = body.getAttribute('data-old');
}, 6000);
