package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"parley/signaling/client"
	"parley/signaling/wire"
)

// metricName finds metrics in an expression.
var metricName = regexp.MustCompile(`\bparley_[a-z_]+`)

// dashboard returns the expressions of docs/grafana-parleyd.json by panel.
func dashboard(t *testing.T) map[string][]string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "grafana-parleyd.json"))
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(b, &d); err != nil {
		t.Fatal(err)
	}
	exprs := map[string][]string{}
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			exprs[p.Title] = append(exprs[p.Title], target.Expr)
		}
	}
	return exprs
}

// Every metric of the dashboard is one that a service shows once what it
// counts has happened, and has the labels that the dashboard asks for.
func TestDashboard(t *testing.T) {
	dir := t.TempDir()
	p := start(t, dir)
	ada, bob := device(t, p.url, "Ada").online(), device(t, p.url, "Bob").online()
	ada.ask(wire.KindInvite, "c0", toBob())
	bob.next(wire.KindInvite)
	bob.tell(wire.KindRinging, "c0", nil)
	ada.next(wire.KindRinging)
	ada.tell(wire.KindCancel, "c0", wire.Reason{Reason: wire.EndCancelled})
	bob.next(wire.KindCancel)
	for n := range 10 { // over the limit
		_ = ada.Send(wire.KindInvite, "d"+string(rune('0'+n)), toBob())
	}
	ada.cut()
	does(t, "user", "disable", "Bob", "--data", dir) // closes a connection
	bob.until("out", func() bool { return bob.State().Phase == client.Failed })

	var metrics string
	shown := func(name string) bool { return regexp.MustCompile(`(?m)^` + name + `[{ ]`).MatchString(metrics) }
	ada.until("limits and resumes are counted", func() bool {
		metrics = get(t, p.url+"/metrics")
		return ada.Online() && shown("parley_limits_total") && shown("parley_resumes_total")
	})
	exprs := dashboard(t)
	if len(exprs) == 0 {
		t.Fatal("the dashboard is empty")
	}
	by := regexp.MustCompile(`by \(([a-z_]+)\)`)
	for title, es := range exprs {
		for _, e := range es {
			names := metricName.FindAllString(e, -1)
			if len(names) == 0 {
				t.Errorf("%s: no metric in %q", title, e)
			}
			for _, name := range names {
				if !shown(name) {
					t.Errorf("%s: the service shows no %s", title, name)
				}
				if label := by.FindStringSubmatch(e); label != nil && !regexp.MustCompile(`(?m)^`+name+`\{.*\b`+label[1]+`="`).MatchString(metrics) {
					t.Errorf("%s: %s has no label %s", title, name, label[1])
				}
			}
		}
	}
}

func toBob() wire.Invite {
	return wire.Invite{To: "Bob", Media: wire.Media{Audio: true},
		Offer: wire.Description{Type: "offer", SDP: "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"}}
}
