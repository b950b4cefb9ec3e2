// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.parts;

import com.dylibso.chicory.compiler.MachineFactoryCompiler;
import com.dylibso.chicory.runtime.ByteArrayMemory;
import com.dylibso.chicory.runtime.ExportFunction;
import com.dylibso.chicory.runtime.HostFunction;
import com.dylibso.chicory.runtime.ImportValues;
import com.dylibso.chicory.runtime.Instance;
import com.dylibso.chicory.runtime.WasmFunctionHandle;
import com.dylibso.chicory.wasm.Parser;
import com.dylibso.chicory.wasm.WasmModule;
import com.dylibso.chicory.wasm.types.FunctionType;
import com.dylibso.chicory.wasm.types.ValType;
import io.rapidbyte.wasm.ArrowFrames;
import io.rapidbyte.wasm.ConnectorModule;
import io.rapidbyte.wasm.HostSettings;
import io.rapidbyte.wasm.InstanceOptions;
import io.rapidbyte.wasm.SourceConnector;
import io.rapidbyte.wasm.StreamPlan;
import io.rapidbyte.wasm.StreamSpec;
import io.rapidbyte.wasm.WasmHost;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** One call from a guest into the host and back, by guests that do nothing else. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
public class CrossingBenchmark {
    /** So many that the call of the guest itself does not count. */
    private static final int CALLS = 100_000;

    private static final int ROWS = 1;

    private SourceConnector clock;
    private SourceConnector claim;
    private StreamPlan one;
    private StreamPlan many;
    private ExportFunction bareClock;

    /** Makes the guests. */
    @Setup
    public void open() {
        byte[] frame = SampleFrames.frame(ROWS);
        byte[] schema = ArrowFrames.schemaOf(frame);
        ConnectorModule clockModule = CrossingModule.clock(CALLS, frame, ROWS);
        // Nothing of these guests is worth keeping in the user's cache.
        WasmHost host = new WasmHost(HostSettings.fromSystem().withCacheDirectory(null));
        clock = host.openSource(clockModule, "{}", InstanceOptions.of("parts"));
        claim = host.openSource(CrossingModule.claim(CALLS, frame, ROWS), "{}", InstanceOptions.of("parts"));
        one = new StreamPlan(StreamSpec.of("events"), schema, 1, "whole", -1, -1, "{}");
        many = new StreamPlan(StreamSpec.of("events"), schema, CALLS + 1L, "whole", -1, -1, "{}");
        bareClock = bare(clockModule).export("rb_read");
    }

    /** Drops them. */
    @TearDown
    public void close() {
        clock.close();
        claim.close();
    }

    /** {@code clock}: what every crossing costs, and reading the clock. */
    @Benchmark
    @OperationsPerInvocation(CALLS)
    public long clock() {
        return clock.read(one, 0, 1, Granting.INSTANCE).rows();
    }

    /** {@code claim}, granted without asking anybody: a crossing that leaves the host's package and counts as progress. */
    @Benchmark
    @OperationsPerInvocation(CALLS)
    public long claim() {
        return claim.read(many, 0, CALLS + 1L, Granting.INSTANCE).units();
    }

    /** The same guest as for {@link #clock}, without the host around it: no timing, no watchdog, no order of calls. */
    @Benchmark
    @OperationsPerInvocation(CALLS)
    public long clockOfTheBareRuntime() {
        return bareClock.apply(0, 0)[0];
    }

    /** Reading the clock by itself. */
    @Benchmark
    public long clockInJava() {
        return System.nanoTime();
    }

    private static Instance bare(ConnectorModule module) {
        WasmModule wasm = Parser.parse(module.bytes());
        ImportValues imports = ImportValues.builder()
                .addFunction(
                        imported("clock", List.of(ValType.I32), ValType.I64, (instance, arguments) ->
                                new long[] {System.nanoTime()}),
                        imported("claim", List.of(ValType.I64), ValType.I32, (instance, arguments) -> new long[] {1}),
                        imported("emit_batch", List.of(ValType.I32, ValType.I32), ValType.I32, (instance, arguments) ->
                                new long[] {0}),
                        imported("next_batch", List.of(ValType.I32, ValType.I32), ValType.I64, (instance, arguments) ->
                                new long[] {-5}))
                .build();
        return Instance.builder(wasm)
                .withMemoryFactory(ByteArrayMemory::new)
                .withMachineFactory(MachineFactoryCompiler.compile(wasm))
                .withImportValues(imports)
                .build();
    }

    private static HostFunction imported(
            String name, List<ValType> parameters, ValType result, WasmFunctionHandle function) {
        return new HostFunction("rapidbyte", name, FunctionType.of(parameters, List.of(result)), function);
    }
}
