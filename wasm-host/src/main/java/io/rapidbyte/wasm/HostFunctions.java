// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import com.dylibso.chicory.runtime.HostFunction;
import com.dylibso.chicory.runtime.ImportFunction;
import com.dylibso.chicory.wasm.types.FunctionType;
import com.dylibso.chicory.wasm.types.ValType;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * Collects the functions that a guest may call, and wraps each the same way: time and watchdog, stack, order of calls, errors. The
 * classes that define them ({@link BatchImports}, {@link TcpImports}, …) hold only what each does.
 */
final class HostFunctions {
    static final String NAMESPACE = "rapidbyte";

    /** What a host function does. Arguments are raw: an {@code i32} is the lower half of its long. */
    @FunctionalInterface
    interface Body {
        long call(long[] arguments) throws ImportFailure;
    }

    /** Which results of a host function count as progress for the watchdog. */
    enum Progress {
        /** None. */
        NEVER,
        /** Those above zero. */
        POSITIVE,
        /** All but failures. */
        SUCCESS
    }

    /** Calls in which an import is allowed. */
    static final Set<LifecycleCall> ALWAYS = EnumSet.allOf(LifecycleCall.class);

    private static final long[] NOTHING = new long[0];

    private final CallGuard guard;
    private final LastError lastError;
    private final TimingRecorder timings;
    private final List<ImportFunction> functions = new ArrayList<>();

    HostFunctions(CallGuard guard, LastError lastError, TimingRecorder timings) {
        this.guard = guard;
        this.lastError = lastError;
        this.timings = timings;
    }

    /** Where a host function leads. */
    enum Reach {
        /** It stays within this package and simple parts of the JDK. */
        NEAR,
        /** It calls the runner, a logging framework, or parts of the JDK that load and initialise classes. */
        FAR
    }

    /** Adds a function that stays near. */
    void add(String name, FunctionType type, Set<LifecycleCall> allowedIn, Progress progress, Body body) {
        add(name, type, allowedIn, progress, Reach.NEAR, body);
    }

    /** Adds a function. */
    void add(String name, FunctionType type, Set<LifecycleCall> allowedIn, Progress progress, Reach reach, Body body) {
        TimingRecorder.Entry entry = timings.timing(name);
        boolean returnsNothing = type.returns().isEmpty();
        functions.add(new HostFunction(NAMESPACE, name, type, (instance, arguments) -> {
            if (reach == Reach.FAR) {
                StackHeadroom.require();
            }
            guard.enterHost();
            boolean progressed = false;
            long result;
            try {
                LifecycleCall call = guard.currentCall();
                if (!allowedIn.contains(call)) {
                    throw ImportFailure.wrongState(name + " is not allowed in " + call.export());
                }
                result = body.call(arguments);
                progressed = progress == Progress.SUCCESS ? result >= 0 : progress == Progress.POSITIVE && result > 0;
            } catch (ImportFailure failure) {
                lastError.set(failure.error());
                result = failure.status();
            } catch (CallbackFailed | GuestStopped e) {
                throw e;
            } catch (RuntimeException e) {
                throw new HostDefect(name, e);
            } finally {
                guard.exitHost(entry, progressed);
            }
            guard.requireRunning();
            return returnsNothing ? NOTHING : new long[] {result};
        }));
    }

    List<ImportFunction> all() {
        return functions;
    }

    /** The bytes that a function moved, for its timing. */
    void countBytes(String name, long bytes) {
        timings.timing(name).addBytes(bytes);
    }

    /** A function type: {@code i} is an i32 and {@code l} an i64. */
    static FunctionType type(String parameters, String results) {
        return FunctionType.of(types(parameters), types(results));
    }

    private static List<ValType> types(String letters) {
        List<ValType> types = new ArrayList<>();
        for (char letter : letters.toCharArray()) {
            types.add(letter == 'l' ? ValType.I64 : ValType.I32);
        }
        return types;
    }
}
