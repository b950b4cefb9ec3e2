// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.parts;

import io.rapidbyte.wasm.ConnectorModule;
import io.rapidbyte.wasm.HostSettings;
import io.rapidbyte.wasm.InstanceOptions;
import io.rapidbyte.wasm.LoadTimings;
import io.rapidbyte.wasm.Role;
import io.rapidbyte.wasm.WasmHost;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Loading the code of a bundled connector, and making an instance of it. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
public class ModuleLoadBenchmark {
    private static final String CONFIG =
            "{\"host\":\"localhost\",\"user\":\"nobody\",\"password\":\"none\",\"database\":\"none\",\"schema\":\"none\"}";

    /** The connector. */
    @Param({"source-postgres", "dest-postgres"})
    public String connector;

    private ConnectorModule module;
    private WasmHost host;

    /** Reads the module's bytes and manifest, which every load needs and a process does once. */
    @Setup
    public void read() {
        module = ConnectorModule.bundled(connector);
        host = host();
    }

    /** The first load in a process: its classes come from the disk, and nothing is compiled by the JVM yet. */
    @Benchmark
    @BenchmarkMode(Mode.SingleShotTime)
    @Fork(5)
    @Warmup(iterations = 0)
    @Measurement(iterations = 1)
    public LoadTimings loadInANewProcess() {
        return host.load(module);
    }

    /** A load by a host that has not loaded it yet, in a process that has. */
    @Benchmark
    public LoadTimings loadByANewHost() {
        return host().load(module);
    }

    /** An instance of a loaded module: its memory, its start and {@code open}, and its end. It does not connect to anything. */
    @Benchmark
    public void openAndClose() {
        InstanceOptions options = InstanceOptions.of("parts");
        if (module.manifest().role() == Role.SOURCE) {
            host.openSource(module, CONFIG, options).close();
        } else {
            host.openDestination(module, CONFIG, options).close();
        }
    }

    /** Without a cache on disk, as what is bundled needs none. */
    private static WasmHost host() {
        return new WasmHost(HostSettings.fromSystem().withCacheDirectory(null));
    }
}
