// Package codectest is what every codec of the table has to pass, and the
// synthetic clip that it is tested and measured with. Only tests import it.
package codectest
