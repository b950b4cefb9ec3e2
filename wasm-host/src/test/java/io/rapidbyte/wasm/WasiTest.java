// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import static io.rapidbyte.wasm.WasmAssembler.CALL;
import static io.rapidbyte.wasm.WasmAssembler.DROP;
import static io.rapidbyte.wasm.WasmAssembler.I32_CONST;
import static io.rapidbyte.wasm.WasmAssembler.I64_CONST;
import static io.rapidbyte.wasm.WasmAssembler.concat;
import static io.rapidbyte.wasm.WasmAssembler.signedLeb;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.is;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Modules that import WASI get what section 11 of the ABI says, and no more. */
class WasiTest {
    private static final int I32_NE = 0x47;
    private static final int IF = 0x04;
    private static final int NO_RESULT = 0x40;
    private static final byte[] OK = concat(new byte[] {I64_CONST}, signedLeb(16L << 32 | 9));

    private static byte[] constants(int... values) {
        byte[] code = new byte[0];
        for (int value : values) {
            code = concat(code, concat(new byte[] {I32_CONST}, signedLeb(value)));
        }
        return code;
    }

    /** A source whose teardown calls the one imported function and traps unless it returns this. */
    private static ConnectorModule calling(WasmAssembler module, byte[] arguments, int expected) {
        byte[] code = concat(arguments, new byte[] {CALL, 0});
        code = concat(code, constants(expected));
        code = concat(code, new byte[] {I32_NE, IF, NO_RESULT, WasmAssembler.UNREACHABLE, WasmAssembler.END});
        return WasmAssembler.complete(module)
                .export("rb_teardown", "ii", "l", concat(code, OK))
                .module();
    }

    private static void tearDown(ConnectorModule module, InstanceOptions options) {
        try (SourceConnector source = Probes.HOST.openSource(module, "{}", options)) {
            source.teardown(List.of(), "requested");
            assertThat(source.isUsable(), is(true));
        }
    }

    @Test
    void standardOutputAndErrorBecomeLinesOfTheLog() {
        for (int descriptor : new int[] {1, 2}) {
            Probes.Lines log = new Probes.Lines();
            // One vector: address 80, 21 bytes; the last line has no end and is not one yet.
            WasmAssembler module = new WasmAssembler()
                    .importing("wasi_snapshot_preview1", "fd_write", "iiii", "i")
                    .data(64, "P\0\0\0\25\0\0\0")
                    .data(80, "one line\nand\tanother\n");
            tearDown(
                    calling(module, constants(descriptor, 64, 1, 128), 0),
                    Probes.options().withLog(log));
            String level = descriptor == 1 ? "INFO" : "WARN";
            assertThat(log.lines, hasItem(level + " one line"));
            assertThat(log.lines, hasItem(level + " and\\tanother"));
        }
    }

    /** A read or write of terabytes could not be interrupted, and a read's buffer is made before anything is read. */
    @Test
    void readsAndWritesOfMoreThanAFewMegabytesAtOnceAreRefused() {
        for (String function : new String[] {"fd_read", "fd_write"}) {
            // Address 80, 2,130,706,432 bytes. EINVAL is 28.
            WasmAssembler huge = new WasmAssembler()
                    .importing("wasi_snapshot_preview1", function, "iiii", "i")
                    .data(64, "P\0\0\0\0\0\0\177");
            tearDown(calling(huge, constants(0, 64, 1, 128), 28), Probes.options());
            WasmAssembler many = new WasmAssembler().importing("wasi_snapshot_preview1", function, "iiii", "i");
            tearDown(calling(many, constants(1, 64, 1_000_000, 128), 28), Probes.options());
        }
    }

    @Test
    void anExitEndsTheInstance() {
        WasmAssembler module = new WasmAssembler().importing("wasi_snapshot_preview1", "proc_exit", "i", "");
        byte[] code = concat(concat(constants(3), new byte[] {CALL, 0}), OK);
        ConnectorModule exiting = WasmAssembler.complete(module)
                .export("rb_teardown", "ii", "l", code)
                .module();
        ConnectorException failure =
                Failures.of(Category.INTERNAL, "guest_exit", () -> tearDown(exiting, Probes.options()));
        assertThat(failure.getMessage(), containsString("exit code 3"));
    }

    @Test
    void sleepingIsNoWayAroundTheWatchdog() {
        // A subscription of 48 bytes: a relative timeout of years on the monotonic clock.
        String subscription = "\0".repeat(16) + "\1\0\0\0\0\0\0\0" + "\0\0\0\0\0\0\0\1" + "\0".repeat(16);
        WasmAssembler module = new WasmAssembler()
                .importing("wasi_snapshot_preview1", "poll_oneoff", "iiii", "i")
                .data(64, subscription);
        ConnectorModule sleeping = calling(module, constants(64, 256, 1, 512), 0);
        Failures.of(Category.INTERNAL, "guest_timeout", () -> tearDown(sleeping, Probes.strictOptions()));
        assertThat("no interrupt is left behind", Thread.interrupted(), is(false));
    }

    @Test
    void linksCannotBeMade() {
        WasmAssembler module = new WasmAssembler()
                .importing("wasi_snapshot_preview1", "path_symlink", "iiiii", "i")
                .data(64, "/etc");
        tearDown(calling(module, constants(64, 4, 3, 64, 4), 58), Probes.options());
    }

    @Test
    void foldersAreNotThereUnlessTheyAreGranted() {
        // The first preopened folder would have descriptor 3; EBADF is 8.
        String manifest = WasmAssembler.MANIFEST.replace(
                "\"config_schema\"", "\"permissions\": {\"folders\": [\"/tmp\"]}, \"config_schema\"");
        WasmAssembler module = new WasmAssembler()
                .importing("wasi_snapshot_preview1", "fd_prestat_get", "ii", "i")
                .manifest(manifest);
        ConnectorModule refused = calling(module, constants(3, 256), 8);
        tearDown(refused, Probes.options().withGrants(Grants.nothing()));
        // What the manifest asks for is not granted by saying nothing.
        tearDown(refused, Probes.options());
        Grants named = new Grants(null, null, List.of("/tmp"));
        Failures.of(
                Category.INTERNAL,
                "guest_trap",
                () -> tearDown(refused, Probes.options().withGrants(named)));
    }

    @Test
    void randomNumbersComeFromTheHost() {
        WasmAssembler module = new WasmAssembler().importing("wasi_snapshot_preview1", "random_get", "ii", "i");
        tearDown(calling(module, constants(256, 64), 0), Probes.options());
    }

    @Test
    void aFunctionThatWasiDoesNotHaveIsRefused() {
        WasmAssembler module =
                new WasmAssembler().importing("wasi_snapshot_preview1", "sock_open_everything", "ii", "i");
        byte[] code = concat(concat(constants(0, 0), new byte[] {CALL, 0, DROP}), OK);
        ConnectorModule asking = WasmAssembler.complete(module)
                .export("rb_teardown", "ii", "l", code)
                .module();
        Failures.of(Category.CONFIG, "unknown_import", () -> tearDown(asking, Probes.options()));
    }
}
