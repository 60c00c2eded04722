package server

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"parley/signaling/wire"
)

// metrics are what /metrics shows. Labels have few values, all known here: no
// name, address or id ever becomes one.
type metrics struct {
	connections  prometheus.Gauge
	sessions     *prometheus.GaugeVec   // state
	calls        *prometheus.GaugeVec   // phase
	messages     *prometheus.CounterVec // direction, kind
	signIns      *prometheus.CounterVec // result
	resumes      *prometheus.CounterVec // result
	closes       *prometheus.CounterVec // code
	drops        *prometheus.CounterVec // what
	limits       *prometheus.CounterVec // limit
	steps        *prometheus.CounterVec // step
	ends         *prometheus.CounterVec // outcome
	requests     *prometheus.CounterVec // what
	toRinging    prometheus.Histogram
	storeErrors  *prometheus.CounterVec // operation
	replayed     prometheus.Counter
	malformed    prometheus.Counter
	knownMessage map[wire.Kind]bool
}

func newMetrics(reg *prometheus.Registry) (*metrics, error) {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "parley", Name: name, Help: help}, labels)
	}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "parley", Name: name, Help: help}, labels)
	}
	m := &metrics{
		connections: prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "parley", Name: "connections", Help: "WebSocket connections open now."}),
		sessions:    gauge("sessions", "Sessions now, by whether they have a connection.", "state"),
		calls:       gauge("calls", "Calls now, by phase.", "phase"),
		messages:    counter("messages_total", "Messages, by direction and kind.", "direction", "kind"),
		signIns:     counter("sign_ins_total", "Attempts to sign in, by result.", "result"),
		resumes:     counter("resumes_total", "Attempts to resume a session, by result.", "result"),
		closes:      counter("closes_total", "Connections closed by the service, by close code.", "code"),
		drops:       counter("drops_total", "Messages that were not kept for a session that did not take them.", "what"),
		limits:      counter("limits_total", "Refusals, by limit.", "limit"),
		steps:       counter("call_steps_total", "The course of calls: invite, ringing, answer, end.", "step"),
		ends:        counter("call_ends_total", "Calls ended, by outcome for the caller.", "outcome"),
		requests:    counter("requests_total", "Requests of strangers to be allowed to call: asked, accepted, declined.", "what"),
		toRinging: prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: "parley", Name: "call_ringing_seconds",
			Help: "From the invitation to the first device that rings.", Buckets: []float64{.01, .025, .05, .1, .15, .25, .5, 1, 2.5, 10}}),
		storeErrors:  counter("store_errors_total", "Operations that the storage refused.", "operation"),
		replayed:     prometheus.NewCounter(prometheus.CounterOpts{Namespace: "parley", Name: "replayed_total", Help: "Messages sent again after a resume."}),
		malformed:    prometheus.NewCounter(prometheus.CounterOpts{Namespace: "parley", Name: "malformed_total", Help: "Messages that could not be understood."}),
		knownMessage: map[wire.Kind]bool{},
	}
	for _, s := range wire.Specs() {
		m.knownMessage[s.Kind] = true
	}
	for _, c := range []prometheus.Collector{m.connections, m.sessions, m.calls, m.messages, m.signIns, m.resumes, m.closes,
		m.drops, m.limits, m.steps, m.ends, m.requests, m.toRinging, m.storeErrors, m.replayed, m.malformed} {
		if err := reg.Register(c); err != nil {
			return nil, fmt.Errorf("register metrics: %w", err)
		}
	}
	return m, nil
}

func (m *metrics) message(direction string, kind wire.Kind) {
	if !m.knownMessage[kind] {
		kind = "unknown"
	}
	m.messages.WithLabelValues(direction, string(kind)).Inc()
}
