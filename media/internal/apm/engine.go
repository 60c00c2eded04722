package apm

import (
	"context"
	"errors"
	"fmt"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// Samples is 10 ms of 48 kHz mono.
const Samples = 480

// Engine holds the compiled code of both. Safe for concurrent use.
type Engine struct {
	runtime    wazero.Runtime
	support    wazero.CompiledModule // what the canceller imports
	canceller  wazero.CompiledModule // nil: see cancellerErr
	suppressor wazero.CompiledModule // nil: see suppressorErr

	cancellerErr, suppressorErr error
}

// Open compiles what this build has. It fails only when nothing can be used;
// otherwise NewCanceller and NewSuppressor say what is missing.
func Open() (_ *Engine, err error) {
	// wazero panics where it has no compiler for the processor. Its interpreter
	// would be fifty times too slow.
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("no machine code for this processor: %v", r)
		}
	}()
	ctx := context.Background()
	e := &Engine{runtime: wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigCompiler())}
	e.canceller, e.cancellerErr = e.compile(ctx, cancellerFile)
	e.suppressor, e.suppressorErr = e.compile(ctx, suppressorFile)
	if e.canceller != nil {
		if e.support, err = e.runtime.CompileModule(ctx, supportModule()); err != nil {
			return nil, errors.Join(err, e.Close())
		}
	}
	if e.suppressor != nil {
		if err := hostFunctions(ctx, e.runtime); err != nil {
			return nil, errors.Join(err, e.Close())
		}
	}
	if e.canceller == nil && e.suppressor == nil {
		return nil, errors.Join(e.cancellerErr, e.suppressorErr, e.Close())
	}
	return e, nil
}

func (e *Engine) compile(ctx context.Context, name string) (wazero.CompiledModule, error) {
	code, err := load(name)
	if err != nil {
		return nil, err
	}
	m, err := e.runtime.CompileModule(ctx, code)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return m, nil
}

// CancellerErr says why NewCanceller cannot work; nil if it can.
func (e *Engine) CancellerErr() error { return e.cancellerErr }

// SuppressorErr says why NewSuppressor cannot work; nil if it can.
func (e *Engine) SuppressorErr() error { return e.suppressorErr }

// Close frees the compiled code. Nothing made by the Engine may be used any more.
func (e *Engine) Close() error { return e.runtime.Close(context.Background()) }

// instantiate makes an instance without a name, as there are several, whose
// imports of the module "a" come from support.
func (e *Engine) instantiate(code wazero.CompiledModule, support api.Module) (api.Module, error) {
	ctx := experimental.WithImportResolver(context.Background(), func(name string) api.Module {
		if name == "a" {
			return support
		}
		return nil
	})
	return e.runtime.InstantiateModule(ctx, code, wazero.NewModuleConfig().WithName("").WithStartFunctions())
}

// instance is a running module and its functions, each with a stack of its own
// so that a call allocates nothing.
type instance struct {
	mod api.Module
	mem api.Memory
	err error // the first that a call had: the instance is not used any more
}

// function is one exported function and its arguments and result.
type function struct {
	in    *instance
	name  string
	fn    api.Function
	stack []uint64
}

func (in *instance) function(name string) *function {
	f := &function{in: in, name: name}
	if f.fn = in.mod.ExportedFunction(name); f.fn == nil {
		in.fail(fmt.Errorf("there is no function %q", name))
		return f
	}
	def := f.fn.Definition()
	f.stack = make([]uint64, max(len(def.ParamTypes()), len(def.ResultTypes()), 1))
	return f
}

func (in *instance) fail(err error) {
	if in.err == nil {
		in.err = err
	}
}

// call returns the result, 0 when there is none or an earlier call failed.
func (f *function) call(args ...uint64) uint64 {
	if f.in.err != nil {
		return 0
	}
	copy(f.stack, args)
	if err := f.fn.CallWithStack(context.Background(), f.stack); err != nil {
		f.in.fail(fmt.Errorf("function %s: %w", f.name, err))
		return 0
	}
	return f.stack[0]
}

// pointer reads a 32-bit address from memory.
func (in *instance) pointer(at uint64) uint64 {
	v, ok := in.mem.ReadUint32Le(uint32(at))
	if !ok {
		in.fail(errOutside)
	}
	return uint64(v)
}

// block views Samples of float32 in memory; nil: not there.
func (in *instance) block(at uint64) []byte {
	b, ok := in.mem.Read(uint32(at), 4*Samples)
	if !ok {
		in.fail(errOutside)
		return nil
	}
	return b
}

var errOutside = errors.New("address outside of the memory")

func (in *instance) close() error { return in.mod.Close(context.Background()) }
