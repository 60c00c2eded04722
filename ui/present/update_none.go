//go:build noupdate

package present

const updateNotices = false

// updateBanner is none: this build has no notices of newer versions.
func (*Home) updateBanner(Service) BannerModel { return BannerModel{} }
