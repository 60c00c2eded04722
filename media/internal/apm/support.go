package apm

import (
	"context"
	"errors"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// supportModule returns the module "a" that the canceller imports from: a
// memory of 256 pages named "a" and six functions of a C library. Two of them
// (throw, abort) end the call with an error, the others (writing and seeking
// in files, growing the memory, closing) do nothing and return 0. It is
// written here byte by byte, as section 5 of the WebAssembly core
// specification has it, because a module of Go functions cannot have a memory.
func supportModule() []byte {
	const i32 = 0x7f
	section := func(id byte, body ...byte) []byte { return append([]byte{id, byte(len(body))}, body...) }
	params := func(n int) []byte { return append([]byte{byte(n)}, repeat(i32, n)...) }
	returns := [6]int{0, 0, 1, 1, 1, 1}
	takes := [6]int{3, 0, 4, 5, 1, 1}
	types, funcs, code := []byte{6}, []byte{6}, []byte{6}
	exports := []byte{7, 1, 'a', 0x02, 0} // memory 0
	for i := range takes {
		types = append(append(append(types, 0x60), params(takes[i])...), params(returns[i])...)
		funcs = append(funcs, byte(i))
		exports = append(exports, 1, 'b'+byte(i), 0x00, byte(i))
		if returns[i] == 0 {
			code = append(code, 3, 0, 0x00, 0x0b) // unreachable
		} else {
			code = append(code, 4, 0, 0x41, 0, 0x0b) // i32.const 0
		}
	}
	m := []byte{0, 'a', 's', 'm', 1, 0, 0, 0}
	for _, s := range [][]byte{
		section(1, types...), section(3, funcs...),
		section(5, 1, 0x01, 0x80, 0x02, 0x80, 0x02), // one memory, 256 to 256 pages
		section(7, exports...), section(10, code...),
	} {
		m = append(m, s...)
	}
	return m
}

func repeat(b byte, n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = b
	}
	return out
}

var errAssert = errors.New("an assertion failed")

// hostFunctions makes the module "env" that the suppressor imports from. A
// panic in one of them is how wazero ends a call with an error.
func hostFunctions(ctx context.Context, r wazero.Runtime) error {
	const i32 = api.ValueTypeI32
	_, err := r.NewHostModuleBuilder("env").
		NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(copyMemory), []api.ValueType{i32, i32, i32}, []api.ValueType{i32}).
		Export("emscripten_memcpy_big").
		NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(func(_ context.Context, _ api.Module, stack []uint64) {
		stack[0] = 0 // it does not grow: what it needs is allocated once
	}), []api.ValueType{i32}, []api.ValueType{i32}).Export("emscripten_resize_heap").
		NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(func(context.Context, api.Module, []uint64) {
		panic(errAssert)
	}), []api.ValueType{i32, i32, i32, i32}, nil).Export("__assert_fail").
		Instantiate(ctx)
	return err
}

// copyMemory is memcpy(to, from, n) in the memory of the caller.
func copyMemory(_ context.Context, m api.Module, stack []uint64) {
	to, from, n := uint32(stack[0]), uint32(stack[1]), uint32(stack[2])
	src, ok1 := m.Memory().Read(from, n)
	dst, ok2 := m.Memory().Read(to, n)
	if !ok1 || !ok2 {
		panic(errOutside)
	}
	copy(dst, src)
	stack[0] = uint64(to)
}
