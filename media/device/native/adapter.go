package native

import (
	"context"
	"image"

	"github.com/pion/mediadevices/pkg/io/audio"
	"github.com/pion/mediadevices/pkg/io/video"
	"github.com/pion/mediadevices/pkg/prop"
	"github.com/pion/mediadevices/pkg/wave"

	"parley/media"
	"parley/media/device"
)

// videoAdapter makes a camera of ours a driver of mediadevices. open is called
// by the driver's Open; a source whose size is free gets it from want.
type videoAdapter struct {
	open func() (device.VideoSource, error)
	src  device.VideoSource
}

// Open implements driver.Adapter.
func (a *videoAdapter) Open() (err error) {
	a.src, err = a.open()
	return err
}

// Close implements driver.Adapter.
func (a *videoAdapter) Close() error {
	if a.src == nil {
		return nil
	}
	return a.src.Close()
}

// Properties implements driver.Adapter: the one mode of the open source.
func (a *videoAdapter) Properties() []prop.Media {
	f := a.src.Format()
	return []prop.Media{{Video: prop.Video{
		Width: f.Width, Height: f.Height, FrameRate: float32(f.FPS), FrameFormat: "I420",
	}}}
}

// VideoRecord implements driver.VideoRecorder.
func (a *videoAdapter) VideoRecord(prop.Media) (video.Reader, error) {
	return videoReader{a.src}, nil
}

// videoReader is a source as a reader of mediadevices; native takes the source
// out again, others read from it.
type videoReader struct{ device.VideoSource }

// Read implements video.Reader. The picture is valid until release.
func (r videoReader) Read() (image.Image, func(), error) {
	f, err := r.Next(context.Background())
	if err != nil {
		return nil, nil, err
	}
	return view(f), f.Release, nil
}

// view is a frame as an image that shares its memory.
func view(f *media.Frame) image.Image {
	return &image.YCbCr{
		Y: f.Y, Cb: f.U, Cr: f.V, YStride: f.YStride, CStride: f.UVStride,
		SubsampleRatio: image.YCbCrSubsampleRatio420, Rect: image.Rect(0, 0, f.Width, f.Height),
	}
}

// audioAdapter makes a microphone of ours a driver of mediadevices.
type audioAdapter struct {
	open func() (device.AudioSource, error)
	src  device.AudioSource
}

// Open implements driver.Adapter.
func (a *audioAdapter) Open() (err error) {
	a.src, err = a.open()
	return err
}

// Close implements driver.Adapter.
func (a *audioAdapter) Close() error {
	if a.src == nil {
		return nil
	}
	return a.src.Close()
}

// Properties implements driver.Adapter.
func (a *audioAdapter) Properties() []prop.Media {
	return []prop.Media{{Audio: prop.Audio{
		ChannelCount: 1, SampleRate: media.SampleRate, SampleSize: 2, Latency: media.BlockDur, IsInterleaved: true,
	}}}
}

// AudioRecord implements driver.AudioRecorder.
func (a *audioAdapter) AudioRecord(prop.Media) (audio.Reader, error) {
	return audioReader{a.src}, nil
}

type audioReader struct{ device.AudioSource }

// Read implements audio.Reader. The samples are valid until the next call.
func (r audioReader) Read() (wave.Audio, func(), error) {
	b, err := r.Next(context.Background())
	if err != nil {
		return nil, nil, err
	}
	return &wave.Int16Interleaved{
		Data: b.Samples,
		Size: wave.ChunkInfo{Len: len(b.Samples) / b.Channels, Channels: b.Channels, SamplingRate: b.Rate},
	}, func() {}, nil
}
