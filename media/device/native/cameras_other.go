//go:build !linux

package native

import (
	"github.com/pion/mediadevices/pkg/driver"
	"github.com/pion/mediadevices/pkg/driver/camera"

	"parley/media/device"
)

// lookForCameras asks mediadevices. Its Initialize empties the list of video
// recorders: it comes first.
func (r *Registry) lookForCameras() map[string]hardware {
	r.guarded("cameras", camera.Initialize)
	cams := make(map[string]hardware)
	for _, d := range driver.GetManager().Query(driver.FilterDeviceType(driver.Camera)) {
		i := describeCamera(d.Info())
		cams[i.ID] = hardware{i, d}
	}
	return cams
}

// describeCamera turns mediadevices' description into ours. The label is the
// only identifier; on Windows it is the name as well.
func describeCamera(d driver.Info) device.Info {
	i := device.Info{ID: d.Label, Name: cleanName(d.Name), Kind: device.Camera}
	if i.Name == "" {
		i.Name = i.ID
	}
	return i
}
