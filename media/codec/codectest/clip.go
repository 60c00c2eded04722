package codectest

import (
	"math"
	"math/rand/v2"
	"time"

	"parley/media"
)

// Clip is a synthetic moving picture: a textured background that pans, three
// textured discs that cross it, and the noise of a sensor. The motion is a
// function of time, not of the frame number, so that the same clip can be
// taken at any frame rate. It is the same in every run.
type Clip struct {
	Width, Height int
	texture       []byte // side x side, wraps around
	noise         []int8 // long enough that no two frames start alike
}

const side = 512 // of the texture; a power of two

// NewClip makes a clip of the given size.
func NewClip(width, height int) *Clip {
	r := rand.New(rand.NewPCG(1, uint64(width)<<32|uint64(height)))
	c := &Clip{Width: width, Height: height, texture: make([]byte, side*side), noise: make([]int8, 1<<16)}
	// Four octaves of smooth noise, the coarser the stronger.
	sum := make([]float64, side*side)
	for _, o := range []struct {
		cell int
		amp  float64
	}{{128, 50}, {32, 24}, {8, 12}, {4, 6}} {
		n := side / o.cell
		grid := make([]float64, n*n)
		for i := range grid {
			grid[i] = r.Float64()*2 - 1
		}
		for y := range side {
			gy, fy := y/o.cell, float64(y%o.cell)/float64(o.cell)
			for x := range side {
				gx, fx := x/o.cell, float64(x%o.cell)/float64(o.cell)
				a, b := grid[gy*n+gx], grid[gy*n+(gx+1)%n]
				d, e := grid[(gy+1)%n*n+gx], grid[(gy+1)%n*n+(gx+1)%n]
				sum[y*side+x] += o.amp * ((a*(1-fx)+b*fx)*(1-fy) + (d*(1-fx)+e*fx)*fy)
			}
		}
	}
	for i, v := range sum {
		c.texture[i] = byte(min(max(v+128, 16), 235))
	}
	for i := range c.noise {
		c.noise[i] = int8(math.Round(r.NormFloat64() * 1.5))
	}
	return c
}

// At draws the picture of time t into a frame of pool (nil: of its own
// memory), with PTS t.
func (c *Clip) At(t time.Duration, pool *media.FramePool) *media.Frame {
	var f *media.Frame
	if pool != nil {
		f = pool.Get(c.Width, c.Height)
	} else {
		f = media.NewFrame(c.Width, c.Height)
	}
	f.PTS = t
	s := t.Seconds()
	px, py := int(s*60), int(20*math.Sin(s*1.3)+side)
	seed := int(t/time.Millisecond) * 7919
	for y := range c.Height {
		row := f.Y[y*f.YStride : y*f.YStride+c.Width]
		tex := c.texture[(y+py)%side*side:][:side]
		for x := range row {
			row[x] = clip(int(tex[(x+px)&(side-1)]) + int(c.noise[(seed+y*131+x)&(len(c.noise)-1)]))
		}
	}
	ch, cw := (c.Height+1)/2, (c.Width+1)/2
	for y := range ch {
		u, v := f.U[y*f.UVStride:][:cw], f.V[y*f.UVStride:][:cw]
		tex := c.texture[(y*2+py)%side*side:][:side]
		for x := range u {
			t := int(tex[(x*2+px)&(side-1)]) - 128
			u[x], v[x] = clip(128+t/3), clip(120-t/4)
		}
	}
	for i := range 3 {
		c.disc(f, s, i)
	}
	return f
}

func (c *Clip) disc(f *media.Frame, s float64, i int) {
	k := float64(i + 1)
	r := float64(c.Height) / (5 + k)
	cx := float64(c.Width) * (0.5 + 0.4*math.Sin(s*0.7*k+k))
	cy := float64(c.Height) * (0.5 + 0.35*math.Cos(s*0.9*k))
	for y := max(0, int(cy-r)); y < min(c.Height, int(cy+r)); y++ {
		half := math.Sqrt(max(0, r*r-(float64(y)-cy)*(float64(y)-cy)))
		x0, x1 := max(0, int(cx-half)), min(c.Width, int(cx+half))
		for x := x0; x < x1; x++ {
			t := int(c.texture[((y-int(cy)+side)&(side-1))*side+((x-int(cx)+300*i+side)&(side-1))])
			f.Y[y*f.YStride+x] = clip(t + 40 - 30*i)
			f.U[y/2*f.UVStride+x/2] = byte(90 + 30*i)
			f.V[y/2*f.UVStride+x/2] = byte(170 - 40*i)
		}
	}
}

func clip(v int) byte { return byte(min(max(v, 0), 255)) }

// PSNR compares the luma of two pictures of one size, in dB; equal pictures
// give 100.
func PSNR(a, b *media.Frame) float64 {
	var sum float64
	for y := range a.Height {
		ra, rb := a.Y[y*a.YStride:][:a.Width], b.Y[y*b.YStride:][:a.Width]
		for x := range ra {
			d := float64(ra[x]) - float64(rb[x])
			sum += d * d
		}
	}
	if sum == 0 {
		return 100
	}
	return 10 * math.Log10(255*255*float64(a.Width*a.Height)/sum)
}
