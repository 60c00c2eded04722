package trust

import (
	"crypto/ed25519"
	"fmt"
	"slices"
	"strings"

	"github.com/tyler-smith/go-bip39"
)

// PhraseWords is how many words hold the 32 bytes of a key's seed and their
// checksum of a byte.
const PhraseWords = 24

// Phrase is the account's key in 24 English words (BIP 39): whoever has them
// has the account. The error is ErrNotMain.
func (id *Identity) Phrase() ([]string, error) {
	s := id.self()
	if !s.main() {
		return nil, ErrNotMain
	}
	text, err := bip39.NewMnemonic(s.private.Seed())
	if err != nil {
		return nil, fmt.Errorf("recovery phrase: %w", err)
	}
	return strings.Fields(text), nil
}

// PhraseError says what is wrong with a recovery phrase.
type PhraseError struct {
	Words int    // how many there are
	Word  string // the first that is in no recovery phrase, or ""
}

// Error says what is wrong and what to do.
func (e *PhraseError) Error() string {
	switch {
	case e.Words != PhraseWords:
		return fmt.Sprintf("a recovery phrase has %d words, this has %d", PhraseWords, e.Words)
	case e.Word != "":
		return fmt.Sprintf("%q is not a word of a recovery phrase: look for a slip of the pen", e.Word)
	}
	return "these words do not belong together: a word is another one, or in another place, than on the paper"
}

// ParsePhrase reads a recovery phrase as a person types it: case, commas,
// numbers and the space between words make no difference. The error is a
// *PhraseError.
func ParsePhrase(text string) (ed25519.PrivateKey, error) {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return r < 'a' || r > 'z' })
	if len(words) != PhraseWords {
		return nil, &PhraseError{Words: len(words)}
	}
	list := bip39.GetWordList()
	for _, w := range words {
		if !slices.Contains(list, w) {
			return nil, &PhraseError{Words: PhraseWords, Word: w}
		}
	}
	seed, err := bip39.EntropyFromMnemonic(strings.Join(words, " "))
	if err != nil || len(seed) != ed25519.SeedSize { // the checksum
		return nil, &PhraseError{Words: PhraseWords}
	}
	return ed25519.NewKeyFromSeed(seed), nil
}
