package chrome

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Visit is a page of somebody else's in the browser, as a person has it before
// them. Methods wait for the page and fail after callWithin.
type Visit struct{ ctx context.Context }

// rawMicrophone switches off what takes a tone for noise: it changes what a page asks of
// the microphone, and nothing else.
const rawMicrophone = `{
  const open = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices);
  if (open) navigator.mediaDevices.getUserMedia = (want) => {
    if (want.audio) Object.assign(want.audio, { echoCancellation: false, noiseSuppression: false, autoGainControl: false });
    return open(want);
  };
}`

// Visit opens an address; before, if not "", runs before the page's own scripts.
// A browser has one page.
func (b *Browser) Visit(url, before string) (*Visit, error) {
	v := &Visit{ctx: b.ctx}
	script := page.AddScriptToEvaluateOnNewDocumentParams{Source: rawMicrophone + before}
	if _, err := chromedp.Call(b.ctx, page.AddScriptToEvaluateOnNewDocument, script); err != nil {
		return nil, fmt.Errorf("visit: %w", err)
	}
	ctx, cancel := context.WithTimeout(b.ctx, startWithin)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Navigate(url)); err != nil {
		return nil, fmt.Errorf("visit %s: %w", url, err)
	}
	return v, nil
}

// Screen is how large the page is and how it looks.
type Screen struct {
	Width, Height int
	Phone, Dark   bool
}

// Look sets it.
func (v *Visit) Look(s Screen) error {
	size := emulation.SetDeviceMetricsOverrideParams{Width: int64(s.Width), Height: int64(s.Height), DeviceScaleFactor: 1, Mobile: s.Phone}
	if _, err := chromedp.Call(v.ctx, emulation.SetDeviceMetricsOverride, size); err != nil {
		return fmt.Errorf("look: %w", err)
	}
	scheme := "light"
	if s.Dark {
		scheme = "dark"
	}
	theme := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
	if _, err := chromedp.Call(v.ctx, emulation.SetEmulatedMedia, theme); err != nil {
		return fmt.Errorf("look: %w", err)
	}
	return nil
}

// Until waits until a JavaScript expression is true.
func (v *Visit) Until(expression string) error {
	ctx, cancel := context.WithTimeout(v.ctx, callWithin)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Poll[chromedp.Void](expression)); err != nil {
		var seen string
		_ = v.Eval(&seen, "document.body.innerText") // for the message alone
		return fmt.Errorf("until %s: %w; the page says %q", expression, err, seen)
	}
	return nil
}

// Eval reads an expression, a promise too, into out, which may be nil.
func (v *Visit) Eval(out any, expression string) error {
	ctx, cancel := context.WithTimeout(v.ctx, callWithin)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](
		fmt.Sprintf("(async () => JSON.stringify(await (%s)) ?? 'null')()", expression), chromedp.EvalAwaitPromise))
	if err != nil {
		return fmt.Errorf("%s: %w", expression, err)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal([]byte(text), out)
}

// Click presses what a selector finds, as a person does.
func (v *Visit) Click(selector string) error {
	ctx, cancel := context.WithTimeout(v.ctx, callWithin)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Click(selector)); err != nil {
		return fmt.Errorf("click %s: %w", selector, err)
	}
	return nil
}

// Type types into what a selector finds.
func (v *Visit) Type(selector, text string) error {
	ctx, cancel := context.WithTimeout(v.ctx, callWithin)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.SendKeys(selector, text)); err != nil {
		return fmt.Errorf("type into %s: %w", selector, err)
	}
	return nil
}

// Screenshot writes what is seen as a PNG.
func (v *Visit) Screenshot(path string) error {
	ctx, cancel := context.WithTimeout(v.ctx, callWithin)
	defer cancel()
	shot, err := chromedp.Call(ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{})
	if err != nil {
		return fmt.Errorf("screenshot: %w", err)
	}
	return os.WriteFile(path, shot.Data, 0o600)
}

// Tone returns the amplitude of a tone in what an element of the page plays, in
// parts of full scale, over half a second.
func (v *Visit) Tone(element string, hz float64) (float64, error) {
	var a float64
	err := v.Eval(&a, fmt.Sprintf(toneScript, element, hz))
	return a, err
}

// toneScript is Goertzel's filter over 500 ms, in the page.
const toneScript = `(async (source, hz) => {
  const context = new AudioContext({ sampleRate: 48000 });
  await context.resume();
  const ear = context.createAnalyser();
  ear.fftSize = 16384;
  context.createMediaStreamSource(source).connect(ear);
  await new Promise((done) => setTimeout(done, 500));
  const x = new Float32Array(ear.fftSize);
  ear.getFloatTimeDomainData(x);
  await context.close();
  const c = 2 * Math.cos(2 * Math.PI * hz / 48000);
  let a = 0, b = 0;
  x.forEach((v, i) => {
    const w = v * (1 - Math.cos(2 * Math.PI * i / x.length));
    [a, b] = [w + c * a - b, a];
  });
  return 2 * Math.sqrt(Math.max(0, a * a + b * b - c * a * b)) / x.length;
})(document.querySelector(%q).srcObject, %g)`

// Colour returns red, green and blue in the middle of a video element.
func (v *Visit) Colour(element string) (c [3]int, err error) {
	return c, v.Eval(&c, fmt.Sprintf(`((video) => {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 1;
  const g = canvas.getContext('2d');
  if (video.videoWidth) g.drawImage(video, video.videoWidth / 2, video.videoHeight / 2, 1, 1, 0, 0, 1, 1);
  return [...g.getImageData(0, 0, 1, 1).data.slice(0, 3)];
})(document.querySelector(%q))`, element))
}
