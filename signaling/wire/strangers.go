package wire

// Blocked is a person on somebody's block list.
type Blocked struct {
	Person  Person `json:"person"`
	SinceMS int64  `json:"since_ms"` // how long ago they were blocked
}

// BlockList answers blocks, newest first.
type BlockList struct {
	People []Blocked `json:"people"`
}

// Rule says what happens when a stranger calls: somebody who is not among a
// person's contacts, whom the person has neither called, asked nor talked to.
// A call by a link of the person's own always rings.
type Rule string

// The rules.
const (
	RuleRing   Rule = "ring"   // it rings
	RuleAsk    Rule = "ask"    // it becomes a request
	RuleRefuse Rule = "refuse" // the caller is told that it cannot be
)

// Valid reports whether r is one of the rules.
func (r Rule) Valid() bool { return r == RuleRing || r == RuleAsk || r == RuleRefuse }

// Strangers sets a person's rule, or asks for it when Rule is "". Its reply has
// the rule that holds.
type Strangers struct {
	Rule Rule `json:"rule,omitempty"`
	// Own: the person chose it; false: it is the service's.
	Own bool `json:"own,omitempty"`
}

// Validate names the first field that is wrong.
func (s Strangers) Validate() error {
	if s.Rule != "" && !s.Rule.Valid() {
		return bad("rule", "%.32q is not ring, ask or refuse", s.Rule)
	}
	return nil
}

// Request is a stranger who wants to be allowed to call.
type Request struct {
	Person Person `json:"person"`
	AgeMS  int64  `json:"age_ms"` // since they asked first
}

// RequestList answers requests.
type RequestList struct {
	// Open are those that wait for the person's answer, newest first.
	Open []Request `json:"open"`
	// Accepted are people who said yes to a request of this person, each told
	// once.
	Accepted []Person `json:"accepted,omitempty"`
}

// RequestAnswer says whether the person who asked may call.
type RequestAnswer struct {
	Name   string `json:"name"`
	Accept bool   `json:"accept"`
}

// Validate names the first field that is wrong.
func (a RequestAnswer) Validate() error {
	_, err := CleanName(a.Name)
	return err
}
