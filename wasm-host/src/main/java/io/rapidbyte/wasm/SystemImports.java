// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import static io.rapidbyte.wasm.HostFunctions.type;

import java.security.SecureRandom;
import java.time.Instant;
import java.util.concurrent.TimeUnit;

/** {@code clock}, {@code random}, {@code is_cancelled} and {@code last_error}: what a guest asks the host about the world. */
final class SystemImports {
    private static final int MAX_RANDOM_BYTES = 64 << 10;
    private static final SecureRandom RANDOM = new SecureRandom();

    private SystemImports() {}

    static void addTo(HostFunctions functions, GuestMemory memory, CallGuard guard, LastError lastError) {
        functions.add(
                "clock",
                type("i", "l"),
                HostFunctions.ALWAYS,
                HostFunctions.Progress.NEVER,
                arguments -> clock((int) arguments[0]));
        functions.add(
                "random",
                type("ii", "i"),
                HostFunctions.ALWAYS,
                HostFunctions.Progress.NEVER,
                arguments -> random(memory, arguments[0], arguments[1]));
        functions.add(
                "is_cancelled",
                type("", "i"),
                HostFunctions.ALWAYS,
                HostFunctions.Progress.NEVER,
                arguments -> guard.isCancelled() ? 1 : 0);
        functions.add(
                "last_error",
                type("ii", "i"),
                HostFunctions.ALWAYS,
                HostFunctions.Progress.NEVER,
                arguments -> lastError(memory, lastError, arguments[0], arguments[1]));
    }

    private static long clock(int which) throws ImportFailure {
        return switch (which) {
            case 0 -> {
                Instant now = Instant.now();
                yield TimeUnit.SECONDS.toNanos(now.getEpochSecond()) + now.getNano();
            }
            case 1 -> System.nanoTime();
            default -> throw ImportFailure.badArgument("There is no clock " + which);
        };
    }

    private static long random(GuestMemory memory, long pointer, long length) throws ImportFailure {
        memory.requireRange(pointer, length);
        if ((length & 0xFFFF_FFFFL) > MAX_RANDOM_BYTES) {
            throw ImportFailure.badArgument("random gives at most " + MAX_RANDOM_BYTES + " bytes a call");
        }
        byte[] bytes = new byte[(int) length];
        RANDOM.nextBytes(bytes);
        memory.write(pointer, bytes, 0, bytes.length);
        return 0;
    }

    private static long lastError(GuestMemory memory, LastError lastError, long pointer, long capacity)
            throws ImportFailure {
        memory.requireRange(pointer, capacity);
        byte[] record = lastError.record();
        if (record.length > 0 && record.length <= (capacity & 0xFFFF_FFFFL)) {
            memory.write(pointer, record, 0, record.length);
        }
        return record.length;
    }
}
