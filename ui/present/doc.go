// Package present decides what the windows say: presenters turn snapshots of
// the call, the devices, the directory and the settings into view models whose
// texts are ready to be shown, and turn clicks into calls on those. It knows no
// toolkit, so every sentence and every decision is tested without a window.
//
//	Phone, Session, Media, Directory, Settings ── wake ──> Program.Run
//	    Program.Run ── post(refresh) ──> UI goroutine: snapshot -> Model -> Screen.Render
//	    UI goroutine ── intents (Home.Open, Call.Hangup …) ──> Phone, Session, Media …
//
// Program.Run is the only goroutine that waits; at most one refresh is posted
// at a time. Everything else runs on the UI goroutine.
package present
