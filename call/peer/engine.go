package peer

import (
	"log/slog"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/interceptor/pkg/stats"
	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/sdp/v3"
	"github.com/pion/stun/v4"
	"github.com/pion/transport/v4"
	"github.com/pion/webrtc/v4"

	"parley/signaling/wire"
)

// Payload types as Chromium numbers them; an answer takes over the offer's.
const (
	payloadOpus = 111
	payloadVP8  = 96
	payloadRTX  = 97
	payloadRED  = 63
)

// mimeRED is sound that repeats itself (RFC 2198); pion has no name for it.
const mimeRED = "audio/red"

func newAPI(cfg Config, network transport.Net, st *rtpStats, f *flow, log *slog.Logger) (*webrtc.API, error) {
	engine, err := newMediaEngine()
	if err != nil {
		return nil, err
	}
	registry, err := newRegistry(st, f, logFactory{log})
	if err != nil {
		return nil, err
	}
	se := newSettings(cfg, network, log)
	se.BufferFactory = f.buffers
	if cfg.Settings != nil {
		cfg.Settings(&se)
	}
	return webrtc.NewAPI(
		webrtc.WithMediaEngine(engine),
		webrtc.WithInterceptorRegistry(registry),
		webrtc.WithSettingEngine(se),
	), nil
}

func newMediaEngine() (*webrtc.MediaEngine, error) {
	m := &webrtc.MediaEngine{}
	twccFeedback := webrtc.RTCPFeedback{Type: webrtc.TypeRTCPFBTransportCC}
	err := m.RegisterCodec(webrtc.RTPCodecParameters{
		RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2,
			SDPFmtpLine:  "minptime=10;useinbandfec=1;usedtx=1",
			RTCPFeedback: []webrtc.RTCPFeedback{twccFeedback},
		},
		PayloadType: payloadOpus,
	}, webrtc.RTPCodecTypeAudio)
	if err != nil {
		return nil, err
	}
	err = m.RegisterCodec(webrtc.RTPCodecParameters{
		RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: mimeRED, ClockRate: 48000, Channels: 2, SDPFmtpLine: "111/111",
			RTCPFeedback: []webrtc.RTCPFeedback{twccFeedback},
		},
		PayloadType: payloadRED,
	}, webrtc.RTPCodecTypeAudio)
	if err != nil {
		return nil, err
	}
	err = m.RegisterCodec(webrtc.RTPCodecParameters{
		RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeVP8, ClockRate: 90000,
			RTCPFeedback: []webrtc.RTCPFeedback{
				twccFeedback, {Type: "ccm", Parameter: "fir"}, {Type: "nack"}, {Type: "nack", Parameter: "pli"},
			},
		},
		PayloadType: payloadVP8,
	}, webrtc.RTPCodecTypeVideo)
	if err != nil {
		return nil, err
	}
	err = m.RegisterCodec(webrtc.RTPCodecParameters{
		RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeRTX, ClockRate: 90000, SDPFmtpLine: "apt=96",
		},
		PayloadType: payloadRTX,
	}, webrtc.RTPCodecTypeVideo)
	if err != nil {
		return nil, err
	}
	for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo} {
		for _, uri := range []string{sdp.TransportCCURI, sdp.SDESMidURI} {
			if err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: uri}, kind); err != nil {
				return nil, err
			}
		}
	}
	return m, nil
}

// newRegistry lists what sees every packet. The first is nearest to the wire.
// There is no NACK generator: the jitter buffer knows better what it still
// wants. NACKs are answered in repair.go, and sender reports are made in
// report.go, because they must carry capture times.
func newRegistry(st *rtpStats, f *flow, logs logFactory) (*interceptor.Registry, error) {
	r := &interceptor.Registry{}
	counters, err := stats.NewInterceptor()
	if err != nil {
		return nil, err
	}
	counters.OnNewPeerConnection(func(_ string, g stats.Getter) { st.set(g) })
	r.Add(counters)
	r.Add(&ledger{flow: f})
	numbers, err := twcc.NewHeaderExtensionInterceptor()
	if err != nil {
		return nil, err
	}
	r.Add(numbers)
	feedback, err := twcc.NewSenderInterceptor(twcc.SendInterval(50*time.Millisecond), twcc.WithLoggerFactory(logs))
	if err != nil {
		return nil, err
	}
	r.Add(feedback)
	// A link that is full loses reports as well: of five a second one gets
	// through where 80 % are lost.
	receiver, err := report.NewReceiverInterceptor(
		report.ReceiverInterval(200*time.Millisecond), report.ReceiverLog(logs.NewLogger("report")))
	if err != nil {
		return nil, err
	}
	r.Add(receiver)
	return r, nil
}

func newSettings(cfg Config, network transport.Net, log *slog.Logger) webrtc.SettingEngine {
	se := webrtc.SettingEngine{LoggerFactory: logFactory{log}}
	se.SetNet(network)
	t := cfg.Timing
	// pion never fails by itself: its "failed" throws away sockets that may
	// work again, and its clock starts while a call still rings. The monitor
	// decides instead.
	se.SetICETimeouts(t.Disconnected, 0, t.Keepalive)
	se.SetICEMaxBindingRequests(600) // 2 minutes at 200 ms: checks go on as long as the call does
	// A direct path gets this head start before a worse one is nominated;
	// nomination is final until a restart.
	se.SetSrflxAcceptanceMinWait(200 * time.Millisecond)
	se.SetPrflxAcceptanceMinWait(300 * time.Millisecond)
	relayWait := time.Second
	if cfg.RelayOnly {
		relayWait = 0 // there is nothing to wait for; pion would wait 2 s
	}
	se.SetRelayAcceptanceMinWait(relayWait)
	// TCP is for TURN over TCP and TLS alone.
	se.SetNetworkTypes([]webrtc.NetworkType{
		webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6, webrtc.NetworkTypeTCP4, webrtc.NetworkTypeTCP6,
	})
	se.DisableActiveTCP(true)
	// Loopback only where there is nothing else: decided anew at every
	// gathering, because networks come and go.
	se.SetIncludeLoopbackCandidate(true)
	se.SetIPFilter(func(ip net.IP) bool { return !ip.IsLoopback() || onlyLoopback(network) })
	mdns := ice.MulticastDNSModeQueryOnly // browsers hide their addresses behind .local names
	if cfg.RelayOnly || cfg.Net != nil {
		mdns = ice.MulticastDNSModeDisabled
	}
	se.SetICEMulticastDNSMode(mdns)
	// ICE has proven the return path; the cookie exchange would cost a round trip.
	se.SetDTLSInsecureSkipHelloVerify(true)
	se.SetDTLSRetransmissionInterval(100 * time.Millisecond)
	// Retransmissions come late; pion's 64 packets are 50 ms of 10 Mbit/s.
	se.SetSRTPReplayProtectionWindow(1024)
	// After an outage chat goes on within this time, not after a minute of back-off.
	se.SetSCTPRTOMax(2 * time.Second)
	return se
}

// iceServers turns the service's list into pion's and leaves out what pion
// would refuse, so that one bad entry does not cost the call.
func iceServers(list wire.ICE, log *slog.Logger) []webrtc.ICEServer {
	var out []webrtc.ICEServer
	for _, s := range list.Servers {
		var urls []string
		for _, u := range s.URLs {
			uri, err := stun.ParseURI(u)
			if err != nil {
				log.Warn("ice server left out", "err", err)
				continue
			}
			relay := uri.Scheme == stun.SchemeTypeTURN || uri.Scheme == stun.SchemeTypeTURNS
			if relay && (s.Username == "" || s.Credential == "") {
				log.Warn("relay left out: no credentials")
				continue
			}
			urls = append(urls, u)
		}
		if len(urls) == 0 {
			continue
		}
		out = append(out, webrtc.ICEServer{URLs: urls, Username: s.Username, Credential: s.Credential})
	}
	return out
}

// HasRelay reports whether there is a relay in list that can be used.
func HasRelay(list wire.ICE) bool {
	return slices.ContainsFunc(iceServers(list, slog.New(slog.DiscardHandler)), func(s webrtc.ICEServer) bool {
		return slices.ContainsFunc(s.URLs, func(u string) bool {
			uri, err := stun.ParseURI(u)
			return err == nil && (uri.Scheme == stun.SchemeTypeTURN || uri.Scheme == stun.SchemeTypeTURNS)
		})
	})
}

// mimeIs compares MIME types as RFC 2045 says: without regard to case.
func mimeIs(a, b string) bool { return strings.EqualFold(a, b) }
