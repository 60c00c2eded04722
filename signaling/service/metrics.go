package service

import (
	"github.com/prometheus/client_golang/prometheus"

	"parley/signaling/turn"
)

// register shows the relay's counters beside the server's.
func register(reg *prometheus.Registry, usage func() turn.Usage, m *meter) error {
	gauge := func(name, help string, value func(turn.Usage) int) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "parley", Subsystem: "turn", Name: name, Help: help},
			func() float64 { return float64(value(usage())) })
	}
	counter := func(name, help string, labels prometheus.Labels, value func(turn.Usage) uint64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: "parley", Subsystem: "turn", Name: name, Help: help, ConstLabels: labels},
			func() float64 { return float64(value(usage())) })
	}
	bytes, refused := "Payload relayed, by direction.", "Requests refused, by reason."
	for _, c := range []prometheus.Collector{
		gauge("users", "People with a relay now.", func(u turn.Usage) int { return u.Users }),
		gauge("allocations", "Relays now.", func(u turn.Usage) int { return u.Allocations }),
		gauge("streams", "TCP and TLS connections now.", func(u turn.Usage) int { return u.Streams }),
		counter("allocations_total", "Relays since the start.", nil, func(u turn.Usage) uint64 { return u.Allocated }),
		counter("bytes_total", bytes, prometheus.Labels{"direction": "from_peer"}, func(u turn.Usage) uint64 { return u.BytesIn }),
		counter("bytes_total", bytes, prometheus.Labels{"direction": "to_peer"}, func(u turn.Usage) uint64 { return u.BytesOut }),
		counter("dropped_total", "Packets over a person's rate, or to ports that must not be reached.", nil, func(u turn.Usage) uint64 { return u.Dropped }),
		counter("refused_total", refused, prometheus.Labels{"reason": "credential"}, func(u turn.Usage) uint64 { return u.RefusedAuth }),
		counter("refused_total", refused, prometheus.Labels{"reason": "quota"}, func(u turn.Usage) uint64 { return u.RefusedQuota }),
		counter("refused_total", refused, prometheus.Labels{"reason": "month"}, func(u turn.Usage) uint64 { return u.RefusedSpent }),
		gauge("spent", "People over the quota of the month.", func(turn.Usage) int { return m.overNow() }),
		counter("usage_errors_total", "Times that use of the relay could not be written and has to wait.", nil, func(turn.Usage) uint64 { return m.failed.Load() }),
		counter("refused_total", refused, prometheus.Labels{"reason": "peer"}, func(u turn.Usage) uint64 { return u.RefusedPeer }),
	} {
		if err := reg.Register(c); err != nil {
			return err
		}
	}
	return nil
}
