package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"parley/call/calltest/chrome"
	"parley/call/peer"
	"parley/call/recv"
	"parley/media"
	"parley/media/codec"
	"parley/media/device"
	"parley/media/device/virtual"
	"parley/media/latest"
	"parley/media/voice"
)

// ownStream sends a test card of 360p30 and a tone over one of our connections
// and receives them as a call does, with lip sync.
type ownStream struct {
	pair   *ownPair
	video  *recv.Video
	audio  *recv.Audio
	out    device.SpeakerOut
	cancel context.CancelFunc
	wg     sync.WaitGroup
	close  func()
}

// asks asks for packets again, and reads reports as call/link does.
type asks struct{ *peer.Remote }

func (a asks) SendNack(seqs []uint16) error { return a.SendNACK(seqs) }

func newStream(ctx context.Context, link *chrome.Link) (*ownStream, error) {
	pair, err := newPair(ctx, link)
	if err != nil {
		return nil, err
	}
	s := &ownStream{pair: pair}
	venc, err := codec.NewVideoEncoder(codec.VideoConfig{Width: 640, Height: 360, FPS: 30, BitrateKbps: 500})
	if err != nil {
		return nil, errors.Join(err, closed(pair))
	}
	aenc, err := codec.NewAudioEncoder(codec.DefaultAudio())
	if err != nil {
		return nil, errors.Join(err, venc.Close(), closed(pair))
	}
	dec, err := codec.NewAudioDecoder(1)
	if err != nil {
		return nil, errors.Join(err, venc.Close(), aenc.Close(), closed(pair))
	}
	from, to := pair.peers[0], pair.peers[1]
	slot := latest.New[*media.Frame]()
	remote := asks{to.RemoteVideo()}
	s.video = recv.NewVideo(recv.VideoConfig{Reader: remote, Decoder: codec.NewVideoDecoder(nil), Sink: slot, Keys: remote, Nacks: remote})
	s.audio = recv.NewAudio(recv.AudioConfig{Reader: to.RemoteAudio(), Decoder: dec})
	mixer := voice.NewMixer()
	mixer.Add(s.audio.Stream())
	below, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	s.out, err = virtual.NewSpeakers(clock).OpenSpeaker(below, device.Selector{Choice: device.ByDevice, Value: "null"}, mixer.Pull)
	if err != nil {
		cancel()
		return nil, errors.Join(err, venc.Close(), aenc.Close(), dec.Close(), closed(pair))
	}
	s.wg.Go(func() { _ = s.video.Run(below) })
	s.wg.Go(func() { _ = s.audio.Run(below) })
	s.wg.Go(func() { sendCard(below, from, venc) })
	s.wg.Go(func() { sendTone(below, from, aenc) })
	s.wg.Go(func() { s.inStep(below, to) })
	s.close = sync.OnceFunc(func() {
		cancel()
		_ = s.out.Close()
		pair.close()
		s.wg.Wait()
		if f, ok := slot.Take(); ok {
			f.Release()
		}
		_, _, _ = venc.Close(), aenc.Close(), dec.Close()
	})
	return s, nil
}

func closed(p *ownPair) error {
	p.close()
	return nil
}

func sendCard(ctx context.Context, p *peer.Peer, enc *codec.VideoEncoder) {
	card := virtual.NewCard(virtual.CardConfig{Format: device.VideoFormat{Width: 640, Height: 360, FPS: 30}, Clock: clock})
	defer card.Close()
	for {
		f, err := card.Next(ctx)
		if err != nil {
			return
		}
		key := false
		select {
		case <-p.KeyRequests():
			key = true
		default:
		}
		if u, err := enc.Encode(f, key); err == nil {
			_ = p.VideoTrack().WriteUnit(u) // what is not sent shows at the other end
		}
		f.Release()
	}
}

func sendTone(ctx context.Context, p *peer.Peer, enc *codec.AudioEncoder) {
	tone := virtual.NewTone(440, clock)
	defer tone.Close()
	for {
		b, err := tone.Next(ctx)
		if err != nil {
			return
		}
		if u, err := enc.EncodeBlock(b); err == nil && len(u.Data) > 0 {
			_ = p.AudioTrack().WriteUnit(u) // as above
		}
	}
}

// inStep does what a call does five times a second.
func (s *ownStream) inStep(ctx context.Context, p *peer.Peer) {
	sync := recv.NewLipSync(s.audio, s.video)
	reported := map[peer.Kind]uint32{}
	for sleep(ctx, 200*time.Millisecond) == nil {
		for kind, take := range map[peer.Kind]func(uint64, uint32){peer.Audio: s.audio.SenderReport, peer.Video: s.video.SenderReport} {
			r := p.RemoteAudio()
			if kind == peer.Video {
				r = p.RemoteVideo()
			}
			if sr, ok := r.SenderReport(); ok && sr.RTP != reported[kind] {
				reported[kind] = sr.RTP
				take(ntp(sr.NTP), sr.RTP)
			}
		}
		sync.Update(time.Now())
	}
}

// ntp is a wall-clock time in NTP's 32.32 format (RFC 3550 section 4).
func ntp(t time.Time) uint64 {
	const epoch = 2208988800
	return uint64(t.Unix()+epoch)<<32 | uint64(t.Nanosecond())<<32/uint64(time.Second)
}
