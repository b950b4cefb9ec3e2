// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import com.dylibso.chicory.runtime.ExportFunction;
import com.dylibso.chicory.runtime.ImportValues;
import com.dylibso.chicory.runtime.Instance;
import com.dylibso.chicory.runtime.Memory;
import com.dylibso.chicory.runtime.TableInstance;
import com.dylibso.chicory.wasm.ChicoryException;
import com.dylibso.chicory.wasm.types.MemoryLimits;
import com.dylibso.chicory.wasm.types.Table;
import com.dylibso.chicory.wasm.types.TableLimits;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.IOException;
import java.util.EnumMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One instance of a module with all that belongs to it, and the protocol of lifecycle calls ({@code docs/abi.md}, section 4):
 * requests in, responses out, and every way in which a guest can end turned into a {@link ConnectorException}.
 */
final class GuestInstance implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(GuestInstance.class);
    private static final int MAX_RESPONSE_BYTES = 64 << 20;
    private static final int MEBIBYTE = 1 << 20;

    private final ConnectorModule module;
    private final Limits limits;
    private final TimingRecorder timings;
    private final Secrets secrets;
    private final GuestLines lines;
    private final TcpConnections connections = new TcpConnections();
    private final CallContext context = new CallContext();
    private final CallGuard guard;
    private final GuestFailures failures;
    private final WasiImports wasi;
    private final Instance instance;
    private final GuestMemory memory;
    private final ExportFunction alloc;
    private final ExportFunction free;
    private final Map<LifecycleCall, ExportFunction> calls = new EnumMap<>(LifecycleCall.class);
    private final JsonNode config;
    private final InstanceOptions options;

    private volatile boolean failed;
    private volatile boolean poisoned;
    private volatile boolean closed;
    /** Somebody closed the instance while a call was in progress. */
    private volatile boolean closeRequested;

    private GuestInstance(
            ConnectorModule module,
            LoadedModule loaded,
            JsonNode config,
            InstanceOptions options,
            HostSettings settings) {
        Manifest manifest = module.manifest();
        this.module = module;
        this.config = config;
        this.options = options;
        this.limits = options.limits().smaller(manifest.limits());
        this.timings = new TimingRecorder();
        this.secrets = Secrets.of(manifest.configSchema(), config);
        this.lines = new GuestLines(options.log() == null ? GuestLog.slf4j(manifest.name()) : options.log(), secrets);
        this.guard = new CallGuard(limits, timings, connections::abortAll);
        this.failures = new GuestFailures(manifest.name(), limits, lines);

        LastError lastError = new LastError();
        HostFunctions functions = new HostFunctions(guard, lastError, timings);
        this.memory = new GuestMemory();
        NetworkPolicy policy = new NetworkPolicy(manifest, config, options.grants());
        ClaimImports.addTo(functions, context);
        BatchImports.addTo(functions, memory, context, guard, limits);
        CheckpointImports.addTo(functions, memory, context, limits, secrets);
        TcpImports.addTo(functions, memory, guard, policy, connections, settings);
        LogImports.addTo(functions, memory, lines);
        SystemImports.addTo(functions, memory, guard, lastError);
        MetricImports.addTo(functions, memory, timings);
        this.wasi = WasiImports.addTo(functions.all(), loaded.wasm(), manifest, options.grants(), lines);

        requireInitialMemory(loaded);
        this.instance = build(loaded, functions);
        memory.attach((LinearMemory) instance.memory());
        this.alloc = instance.export("rb_alloc");
        this.free = instance.export("rb_free");
        for (LifecycleCall call : LifecycleCall.values()) {
            if (call.requiredOf(manifest.role()) || call.optionalFor(manifest.role()) && exports(call.export())) {
                calls.put(call, instance.export(call.export()));
            }
        }
    }

    /** Makes an instance and opens it. */
    static GuestInstance open(
            ConnectorModule module,
            LoadedModule loaded,
            boolean firstUse,
            JsonNode config,
            InstanceOptions options,
            HostSettings settings) {
        long start = System.nanoTime();
        GuestInstance guest = new GuestInstance(module, loaded, config, options, settings);
        if (firstUse) {
            guest.timings.timing("module_parse").add(loaded.parseNanos());
            guest.timings.timing("module_compile").add(loaded.compileNanos());
        }
        boolean opened = false;
        try {
            guest.initialize();
            guest.timings.timing("module_instantiate").add(System.nanoTime() - start);
            guest.open();
            opened = true;
            return guest;
        } finally {
            if (!opened) {
                guest.drop();
            }
        }
    }

    private void requireInitialMemory(LoadedModule loaded) {
        MemoryLimits declared =
                loaded.wasm().memorySection().orElseThrow().getMemory(0).limits();
        long initial = (long) declared.initialPages() * Memory.PAGE_SIZE;
        if (initial > limits.memoryBytes()) {
            throw new ConnectorException(
                    module.name(),
                    ConnectorError.of(
                                    Category.CONFIG,
                                    "memory_limit",
                                    "The connector " + module.name() + " needs " + initial / MEBIBYTE
                                            + " MiB of memory to start, and its limit is "
                                            + limits.memoryBytes() / MEBIBYTE
                                            + " MiB")
                            .withHint("Raise the connector's memory limit."));
        }
    }

    private Instance build(LoadedModule loaded, HostFunctions functions) {
        int mostPages = (int) Math.min(Memory.RUNTIME_MAX_PAGES, limits.memoryBytes() / Memory.PAGE_SIZE);
        ImportValues imports =
                ImportValues.builder().withFunctions(functions.all()).build();
        try {
            // Start functions and data segments run later, under the guard.
            return Instance.builder(loaded.wasm())
                    .withMachineFactory(loaded.machines())
                    .withImportValues(imports)
                    .withMemoryFactory(declared -> new LinearMemory(
                            new MemoryLimits(declared.initialPages(), Math.min(declared.maximumPages(), mostPages))))
                    .withTableFactory(GuestInstance::table)
                    .withInitialize(false)
                    .withStart(false)
                    .build();
        } catch (ChicoryException | OutOfMemoryError e) {
            throw failures.failed(
                    "instantiate_failed",
                    "The connector " + module.name() + " cannot be instantiated: " + e.getMessage(),
                    e);
        }
    }

    /** The engine grows a table's limits, which it shares between all instances of a module: each gets its own, bounded ones. */
    private static TableInstance table(Table table, int initialValue) {
        TableLimits declared = table.limits();
        long most = Math.max(declared.min(), Math.min(declared.max(), ModuleRules.MAX_TABLE_ELEMENTS));
        return new TableInstance(
                new Table(table.elementType(), new TableLimits(declared.min(), most), table.initialize()),
                initialValue);
    }

    private void initialize() {
        run(LifecycleCall.INITIALIZE, () -> {
            instance.initialize(false);
            if (exports(LifecycleCall.INITIALIZE.export())) {
                instance.export(LifecycleCall.INITIALIZE.export()).apply();
            }
            long version = instance.export("rb_abi_version").apply()[0];
            if (version != ManifestReader.ABI) {
                throw new ProtocolViolation(
                        "abi_version",
                        "says that it speaks version " + version + " of the ABI, and its manifest says "
                                + ManifestReader.ABI);
            }
            return null;
        });
    }

    private boolean exports(String name) {
        var exports = instance.module().exportSection();
        for (int i = 0; i < exports.exportCount(); i++) {
            if (exports.getExport(i).name().equals(name)) {
                return true;
            }
        }
        return false;
    }

    private void open() {
        ObjectNode request = Payloads.object()
                .put("abi", ManifestReader.ABI)
                .put("run_id", options.runId())
                .put("log_level", lines.threshold());
        request.set("config", config);
        request.set(
                "limits",
                Payloads.object()
                        .put("max_batch_bytes", limits.maxBatchBytes())
                        .put("max_batch_rows", limits.maxBatchRows())
                        .put("max_record_bytes", limits.maxRecordBytes())
                        .put("large_records", limits.largeRecords().jsonName()));
        call(LifecycleCall.OPEN, request);
    }

    String connector() {
        return module.name();
    }

    /** Whether it can be called: some calls a connector need not have. */
    boolean has(LifecycleCall call) {
        return calls.containsKey(call);
    }

    String runId() {
        return options.runId();
    }

    /** Makes a lifecycle call and returns what is below {@code ok}. */
    JsonNode call(LifecycleCall call, ObjectNode request) {
        return call(call, request, null, null);
    }

    /** Makes a lifecycle call that reads or writes. */
    JsonNode call(LifecycleCall call, ObjectNode request, ReadState read, WriteState write) {
        byte[] requestBytes = Payloads.bytes(request);
        byte[] response = run(call, () -> {
            context.begin(read, write);
            return exchange(call, requestBytes);
        });
        return unwrap(call, response, read);
    }

    /** The request into the guest, the call, the response out. Guest code runs in here. */
    private byte[] exchange(LifecycleCall call, byte[] request) throws ProtocolViolation {
        long pointer = alloc.apply(request.length)[0];
        if ((pointer & 0xFFFF_FFFFL) == 0) {
            throw new ProtocolViolation("guest_out_of_memory", "has no memory left for a request");
        }
        try {
            memory.write(pointer, request, 0, request.length);
        } catch (ImportFailure e) {
            throw new ProtocolViolation("bad_pointer", "returned an address outside of its memory from rb_alloc");
        }
        long packed = calls.get(call).apply(pointer, request.length)[0];
        long responsePointer = packed >>> 32;
        long length = packed & 0xFFFF_FFFFL;
        byte[] response;
        try {
            memory.requireRange(responsePointer, length);
            if (length > MAX_RESPONSE_BYTES) {
                throw new ProtocolViolation(
                        "response_too_large",
                        "returned a response of " + length + " bytes, and " + MAX_RESPONSE_BYTES + " is the most,");
            }
            response = memory.read(responsePointer, length);
        } catch (ImportFailure e) {
            throw new ProtocolViolation("bad_pointer", "returned a response outside of its memory");
        }
        free.apply(responsePointer, length);
        return response;
    }

    private JsonNode unwrap(LifecycleCall call, byte[] response, ReadState read) {
        JsonNode root;
        try {
            root = Json.MAPPER.readTree(response);
        } catch (IOException e) {
            throw poison(failures.violation(
                    call, new ProtocolViolation("bad_response", "returned a response that is not JSON")));
        }
        if (root == null || !root.isObject()) {
            throw poison(failures.violation(
                    call, new ProtocolViolation("bad_response", "returned a response that is not a JSON object")));
        }
        if (read != null && read.refused() != null) {
            // Whatever the guest made of it: a source that emits what is no batch has failed.
            fail();
            throw failures.of(read.refused().error().masked(secrets), null);
        }
        JsonNode error = root.path("error");
        if (error.isObject()) {
            throw guestError(call, error);
        }
        if (!root.path("ok").isObject()) {
            throw poison(failures.violation(
                    call, new ProtocolViolation("bad_response", "returned a response with neither ok nor error")));
        }
        JsonNode ok = root.path("ok");
        // Sentences for people; names and plans elsewhere must stay what they are, also where a password happens to be
        // one of them.
        return call == LifecycleCall.CHECK ? masked(ok) : ok;
    }

    private JsonNode masked(JsonNode node) {
        if (node.isTextual()) {
            return TextNode.valueOf(secrets.mask(node.textValue()));
        }
        if (node instanceof ObjectNode object) {
            object.properties().forEach(member -> member.setValue(masked(member.getValue())));
        } else if (node instanceof ArrayNode array) {
            for (int i = 0; i < array.size(); i++) {
                array.set(i, masked(array.get(i)));
            }
        }
        return node;
    }

    private ConnectorException guestError(LifecycleCall call, JsonNode record) {
        ConnectorError error;
        try {
            error = Payloads.error(record, secrets);
        } catch (Payloads.BadResponse e) {
            return poison(failures.violation(
                    call, new ProtocolViolation("bad_response", "returned an error record whose " + e.getMessage())));
        }
        if (error.category() == Category.INTERNAL) {
            return poison(failures.of(error, null));
        }
        fail();
        if (guard.isCancelled() && error.category() != Category.CANCELLED) {
            // What breaks after the sockets were closed says nothing about the connector.
            return failures.cancelled(call, error.message());
        }
        return failures.of(error, null);
    }

    /** A response that passed as JSON but does not say what it must. */
    ConnectorException badResponse(LifecycleCall call, Payloads.BadResponse e) {
        return poison(failures.violation(
                call, new ProtocolViolation("bad_response", "returned a response whose " + e.getMessage())));
    }

    /** The guest broke a rule that only shows when the call is over. */
    ConnectorException violation(LifecycleCall call, String code, String what) {
        return poison(failures.violation(call, new ProtocolViolation(code, what)));
    }

    /** A failure that the host found in what the guest returned. */
    ConnectorException refuse(ConnectorError error) {
        fail();
        return failures.of(error, null);
    }

    /** Guest code. */
    @FunctionalInterface
    private interface GuestCode<T> {
        T run() throws ProtocolViolation;
    }

    /** Runs guest code under the guard, and turns every way it can end into a result or an exception. */
    private <T> T run(LifecycleCall call, GuestCode<T> code) {
        requireUsable(call);
        try {
            guard.begin(call);
        } catch (IllegalStateException e) {
            throw failures.of(ConnectorError.of(Category.INTERNAL, "busy", String.valueOf(e.getMessage())), e);
        }
        CallGuard.Stop stop = CallGuard.Stop.NONE;
        Throwable thrown = null;
        T result = null;
        try {
            result = code.run();
        } catch (ProtocolViolation | RuntimeException | StackOverflowError | OutOfMemoryError | LinkageError e) {
            thrown = e;
        } finally {
            context.end();
            stop = guard.end();
            lines.reportDropped();
            if (closeRequested) {
                drop();
            }
        }
        if (thrown == null) {
            lines.takeLastError();
            return result;
        }
        poison();
        if (thrown instanceof CallbackFailed) {
            throw rethrow(thrown.getCause());
        }
        throw failures.unwound(call, stop, guard.isCancelled(), thrown);
    }

    private void requireUsable(LifecycleCall call) {
        boolean allowed = call == LifecycleCall.CLOSE ? !poisoned : !failed;
        if (closed || !allowed) {
            throw failures.of(
                    ConnectorError.of(
                            Category.INTERNAL,
                            closed ? "closed" : "unusable",
                            "The instance of " + module.name() + " cannot make the call " + call.export() + ": it "
                                    + (closed ? "is closed" : "failed before")),
                    null);
        }
    }

    private static RuntimeException rethrow(Throwable cause) {
        if (cause instanceof Error error) {
            throw error;
        }
        return (RuntimeException) cause;
    }

    private void fail() {
        failed = true;
    }

    private void poison() {
        failed = true;
        poisoned = true;
        connections.abortAll();
    }

    private ConnectorException poison(ConnectorException e) {
        poison();
        return e;
    }

    boolean isUsable() {
        return !failed && !closed && !guard.isCancelled();
    }

    /** What the guest's memory takes here. From the thread that calls, or between calls. */
    long memoryBytes() {
        return memory.size();
    }

    Timings timings() {
        return timings.snapshot();
    }

    void cancel() {
        guard.cancel();
    }

    /** Tells the guest to close, unless it cannot be called any more, and drops it. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        if (guard.isRunning()) {
            // Closed from another thread, or from inside of a callback: the call ends first, as cancelled, and drops
            // it.
            closeRequested = true;
            guard.cancel();
            return;
        }
        if (!poisoned) {
            try {
                call(LifecycleCall.CLOSE, Payloads.object());
            } catch (ConnectorException e) {
                LOG.debug("The connector {} did not close cleanly; it is dropped.", module.name(), e);
            }
        }
        drop();
    }

    private void drop() {
        closed = true;
        failed = true;
        connections.abortAll();
        if (wasi != null) {
            wasi.close();
        }
    }
}
