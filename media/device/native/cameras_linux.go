package native

import (
	"errors"
	"image"
	"log/slog"

	"github.com/pion/mediadevices/pkg/driver"
	"github.com/pion/mediadevices/pkg/frame"
	"github.com/pion/mediadevices/pkg/io/video"
	"github.com/pion/mediadevices/pkg/prop"

	"parley/media"
	"parley/media/device"
	"parley/media/device/v4l2"
)

// lookForCameras registers a driver of ours for every camera.
func (r *Registry) lookForCameras() map[string]hardware {
	cams := make(map[string]hardware)
	for _, n := range v4l2.Find() {
		a := &cameraAdapter{open: func() (v4l2Camera, error) { return v4l2.Open(n.Path, r.cfg.Clock) }, log: r.log.With("path", n.Path)}
		d, err := r.register(a, n.ID, driver.Camera)
		if err != nil {
			r.log.Debug("camera not registered", "path", n.Path, "err", err)
			continue
		}
		cams[n.ID] = hardware{device.Info{ID: n.ID, Name: cleanName(n.Name), Path: n.Path, Kind: device.Camera}, d}
	}
	return cams
}

// v4l2Camera is what the adapter needs of a v4l2.Camera.
type v4l2Camera interface {
	Modes() []v4l2.Mode
	Start(m v4l2.Mode) error
	Next() (*media.Frame, error)
	Format() device.VideoFormat
	Skipped() uint64
	Close() error
}

// cameraAdapter makes a camera of v4l2 a driver of mediadevices.
type cameraAdapter struct {
	open func() (v4l2Camera, error)
	log  *slog.Logger
	cam  v4l2Camera
}

// Open implements driver.Adapter.
func (a *cameraAdapter) Open() error {
	cam, err := a.open()
	if err != nil {
		return err
	}
	a.cam = cam
	return nil
}

// Close implements driver.Adapter.
func (a *cameraAdapter) Close() error {
	if a.cam == nil {
		return nil
	}
	cam := a.cam
	a.cam = nil
	if n := cam.Skipped(); n > 0 {
		a.log.Debug("pictures passed over for newer ones", "count", n)
	}
	return cam.Close()
}

// Properties implements driver.Adapter.
func (a *cameraAdapter) Properties() []prop.Media {
	var list []prop.Media
	for _, m := range a.cam.Modes() {
		list = append(list, prop.Media{Video: property(m)})
	}
	return list
}

// VideoRecord implements driver.VideoRecorder: p is one of Properties.
func (a *cameraAdapter) VideoRecord(p prop.Media) (video.Reader, error) {
	for _, m := range a.cam.Modes() {
		if property(m) == p.Video {
			if err := a.cam.Start(m); err != nil {
				return nil, err
			}
			return cameraReader{a.cam}, nil
		}
	}
	return nil, errors.New("the camera has no such mode any more")
}

func property(m v4l2.Mode) prop.Video {
	return prop.Video{Width: m.Width, Height: m.Height, FrameRate: float32(m.Interval.FPS()), FrameFormat: frameFormat(m.Format)}
}

// frameFormat is mediadevices' name of a format.
func frameFormat(f v4l2.Format) frame.Format {
	switch f {
	case v4l2.YUYV:
		return frame.FormatYUYV
	case v4l2.UYVY:
		return frame.FormatUYVY
	case v4l2.NV12:
		return frame.FormatNV12
	case v4l2.NV21:
		return frame.FormatNV21
	case v4l2.YU12:
		return frame.FormatI420
	case v4l2.MJPEG:
		return frame.FormatMJPEG
	}
	return frame.Format(f.String())
}

// cameraReader is a started camera as a framer, and as a reader for whoever
// opens the driver without us.
type cameraReader struct{ v4l2Camera }

// Frame implements framer.
func (r cameraReader) Frame() (*media.Frame, error) { return r.Next() }

// Read implements video.Reader. The picture is valid until release.
func (r cameraReader) Read() (image.Image, func(), error) {
	for {
		f, err := r.Next()
		if err != nil {
			return nil, nil, err
		}
		if f != nil {
			return view(f), f.Release, nil
		}
	}
}
