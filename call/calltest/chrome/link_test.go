package chrome_test

import (
	"net"
	"slices"
	"testing"
	"time"

	"parley/call/calltest/chrome"
)

// ends are two sockets that talk through a link.
func ends(t *testing.T, c chrome.Conditions) (l *chrome.Link, a, b *net.UDPConn, toB *net.UDPAddr) {
	t.Helper()
	l, err := chrome.NewLink(c)
	if err != nil {
		t.Fatal(err)
	}
	open := func() *net.UDPConn {
		s, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	a, b = open(), open()
	toB = net.UDPAddrFromAddrPort(l.Instead(chrome.B, b.LocalAddr().(*net.UDPAddr).AddrPort()))
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l, a, b, toB
}

// through sends n packets and returns in which order they arrive.
func through(t *testing.T, l *chrome.Link, a, b *net.UDPConn, to *net.UDPAddr, n int) (got []byte) {
	t.Helper()
	for i := range n {
		if _, err := a.WriteToUDP([]byte{byte(i)}, to); err != nil {
			t.Fatal(err)
		}
		for { // one at a time: the link's order is that of arrival
			if p, d := l.Packets(chrome.A); p+d == i+1 {
				break
			}
			time.Sleep(time.Millisecond)
		}
	}
	passed, _ := l.Packets(chrome.A)
	if err := b.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 10)
	for range passed {
		if _, _, err := b.ReadFromUDP(buf); err != nil {
			t.Fatal(err)
		}
		got = append(got, buf[0])
	}
	return got
}

func TestLinkDoesWhatItIsTold(t *testing.T) {
	const n = 200
	for name, c := range map[string]struct {
		conditions chrome.Conditions
		ok         func(got []byte) bool
	}{
		"nothing":        {chrome.Conditions{}, func(got []byte) bool { return len(got) == n && slices.IsSorted(got) }},
		"loss":           {chrome.Conditions{Loss: 0.3}, func(got []byte) bool { return len(got) > n/2 && len(got) < n*9/10 && slices.IsSorted(got) }},
		"jitter":         {chrome.Conditions{Jitter: 30 * time.Millisecond}, func(got []byte) bool { return len(got) == n && slices.IsSorted(got) }},
		"reordering":     {chrome.Conditions{Reorder: 0.1, By: 20 * time.Millisecond}, func(got []byte) bool { return len(got) == n && !slices.IsSorted(got) }},
		"nothing passes": {chrome.Conditions{Down: true}, func(got []byte) bool { return len(got) == 0 }},
		"a full queue":   {chrome.Conditions{Rate: 80, Queue: time.Second}, func(got []byte) bool { return len(got) >= 1 && len(got) < n }},
		"every other": {chrome.Conditions{Judge: func(p []byte) (time.Duration, bool) {
			return 0, p[0]%2 == 1
		}}, func(got []byte) bool { return len(got) == n/2 && got[1] == 2 }},
	} {
		t.Run(name, func(t *testing.T) {
			l, a, b, to := ends(t, c.conditions)
			if got := through(t, l, a, b, to, n); !c.ok(got) {
				t.Errorf("%d of %d arrived: %v", len(got), n, got)
			}
		})
	}
}

func TestLinkIsSeenFromBothEnds(t *testing.T) {
	l, a, b, to := ends(t, chrome.Conditions{})
	if _, err := a.WriteToUDP([]byte("hello"), to); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 10)
	_, from, err := b.ReadFromUDP(buf)
	if err != nil {
		t.Fatal(err)
	}
	if want := l.Instead(chrome.A, a.LocalAddr().(*net.UDPAddr).AddrPort()); from.AddrPort() != want {
		t.Errorf("seen as %v, announced as %v", from, want)
	}
	if _, err := b.WriteToUDP([]byte("back"), from); err != nil {
		t.Fatal(err)
	}
	n, from, err := a.ReadFromUDP(buf)
	if err != nil || string(buf[:n]) != "back" || from.AddrPort() != to.AddrPort() {
		t.Errorf("%q from %v: %v", buf[:n], from, err)
	}
}
