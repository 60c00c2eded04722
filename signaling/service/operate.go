package service

// Hold takes a data folder as a service does, for work on the database that
// must not happen while one runs. The error says what to do.
func Hold(dir string) (release func(), err error) {
	if err := prepare(dir); err != nil {
		return nil, err
	}
	f, err := lock(dir)
	if err != nil {
		return nil, ExplainData(dir, err)
	}
	return func() { f.Close() }, nil
}
