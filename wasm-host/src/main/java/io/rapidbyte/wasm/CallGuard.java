// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * Looks after one instance while guest code runs ({@code docs/abi.md}, section 10): who is running (the guest, a host
 * function, or a host function that waits for input), for how long, and whether it may go on. It also splits the time of a
 * lifecycle call between the guest and the host functions, at the same boundaries and with the same clock readings, so that
 * the parts add up to the whole.
 *
 * <p>Compiled and interpreted guest code looks at its thread's interrupt flag at every call and every backward jump. The flag is
 * therefore the only way to stop a guest, and it belongs to somebody else as well: the runner. So the guard interrupts a thread
 * under its lock, only while that thread is inside of guest code or of a wait that expects it, remembers that it did, and
 * takes the flag back under the same lock when the thread leaves. Code of the runner never sees an interrupt of ours. When the
 * runner interrupts in the very moment we do, its interrupt is taken for ours; the call ends with an error all the same.
 */
final class CallGuard {
    /** Why a guest may not go on. */
    enum Stop {
        NONE,
        GUEST_TIMEOUT,
        CALL_TIMEOUT,
        CANCELLED
    }

    private enum Phase {
        IDLE,
        GUEST,
        HOST,
        WAITING
    }

    /** How long a guest may take to notice that its run is cancelled. */
    private static final long GRACE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final long guestLimitNanos;
    private final long callLimitNanos;
    private final Runnable unblock;
    private final TimingRecorder timings;
    private final TimingRecorder.Entry guestTime;

    private volatile boolean cancelled;

    // All of the following is guarded by the monitor of this.
    private Phase phase = Phase.IDLE;
    private LifecycleCall call;
    private Thread thread;
    private long callNumber;
    private long callStart;
    /** When the guest was last entered or left. */
    private long boundary;
    /** Computation since the last progress, up to {@link #boundary}. */
    private long computed;

    private Stop stop = Stop.NONE;
    private boolean interruptedByGuard;
    private boolean interruptedByOthers;
    private Future<?> computationCheck;
    private Future<?> callCheck;
    private Future<?> graceCheck;

    /**
     * A guard of one instance.
     *
     * @param unblock makes host functions that wait for the network return; called from other threads
     */
    CallGuard(Limits limits, TimingRecorder timings, Runnable unblock) {
        this.guestLimitNanos = limits.guestTime().toNanos();
        this.callLimitNanos = limits.callTimeout().toNanos();
        this.unblock = unblock;
        this.timings = timings;
        this.guestTime = timings.timing(Timings.GUEST);
    }

    /** Whether guest code is on the stack of some thread. */
    synchronized boolean isRunning() {
        return phase != Phase.IDLE;
    }

    /** The call in progress; null outside of calls. */
    synchronized LifecycleCall currentCall() {
        return call;
    }

    boolean isCancelled() {
        return cancelled;
    }

    synchronized void begin(LifecycleCall newCall) {
        if (phase != Phase.IDLE) {
            throw new IllegalStateException("The instance is inside of " + call.export() + " already.");
        }
        call = newCall;
        thread = Thread.currentThread();
        long number = ++callNumber;
        stop = Stop.NONE;
        computed = 0;
        interruptedByGuard = false;
        // A thread that was asked to stop must still be able to close connections.
        interruptedByOthers = newCall.cleansUp() && Thread.interrupted();
        computationCheck = Watchdog.schedule(() -> checkComputation(number), guestLimitNanos);
        callCheck = newCall.movesData() ? null : Watchdog.schedule(() -> expireCall(number), callLimitNanos);
        graceCheck = cancelled ? Watchdog.schedule(() -> expireGrace(number), GRACE_NANOS) : null;
        phase = Phase.GUEST;
        callStart = System.nanoTime();
        boundary = callStart;
    }

    /** The guest calls a host function. */
    void enterHost() {
        Stop reason;
        synchronized (this) {
            long now = System.nanoTime();
            guestTime.addNanos(now - boundary);
            computed += now - boundary;
            boundary = now;
            takeBackInterrupt();
            reason = stop;
            if (reason == Stop.NONE) {
                phase = Phase.HOST;
            }
        }
        if (reason != Stop.NONE) {
            throw new GuestStopped(reason);
        }
    }

    /** The host function returns to the guest. */
    synchronized void exitHost(TimingRecorder.Entry entry, boolean progress) {
        long now = System.nanoTime();
        entry.add(now - boundary);
        boundary = now;
        if (progress) {
            computed = 0;
        }
        phase = Phase.GUEST;
    }

    /** Unwinds the guest if it was stopped while it was inside of a host function. */
    synchronized void requireRunning() {
        if (stop != Stop.NONE) {
            throw new GuestStopped(stop);
        }
    }

    /** The host function in progress moved data, whatever it returns. */
    synchronized void progressed() {
        computed = 0;
    }

    /** A host function begins to wait for something that an interrupt ends. */
    synchronized void beginWaiting() throws ImportFailure {
        if (cancelled) {
            throw ImportFailure.cancelled();
        }
        phase = Phase.WAITING;
    }

    /** The wait is over. */
    synchronized void endWaiting() {
        phase = Phase.HOST;
        takeBackInterrupt();
    }

    /**
     * The thread was interrupted while it waited, and the exception cleared the flag. If it was not the guard, the flag is set again
     * when the call ends; until then the guest runs without it, so that it can roll back.
     */
    synchronized void noteInterrupt() {
        if (interruptedByGuard) {
            interruptedByGuard = false;
        } else {
            interruptedByOthers = true;
        }
        cancelled = true;
        if (graceCheck == null) {
            long number = callNumber;
            graceCheck = Watchdog.schedule(() -> expireGrace(number), GRACE_NANOS);
        }
    }

    /** The guest returned or was unwound. Returns why it was stopped. */
    synchronized Stop end() {
        long now = System.nanoTime();
        guestTime.addNanos(now - boundary);
        guestTime.add(0);
        timings.timing(call.export()).add(now - callStart);
        takeBackInterrupt();
        if (interruptedByOthers) {
            thread.interrupt();
        }
        phase = Phase.IDLE;
        call = null;
        thread = null;
        cancel(computationCheck);
        cancel(callCheck);
        cancel(graceCheck);
        computationCheck = null;
        callCheck = null;
        graceCheck = null;
        return stop;
    }

    /** Ends the call in progress soon, and every later one. */
    void cancel() {
        synchronized (this) {
            cancelled = true;
            if (phase == Phase.WAITING) {
                interruptThread();
            }
            if (phase != Phase.IDLE && graceCheck == null) {
                long number = callNumber;
                graceCheck = Watchdog.schedule(() -> expireGrace(number), GRACE_NANOS);
            }
        }
        unblock.run();
    }

    private synchronized void checkComputation(long number) {
        if (number != callNumber || phase == Phase.IDLE) {
            return;
        }
        long used = computed + (phase == Phase.GUEST ? System.nanoTime() - boundary : 0);
        if (phase == Phase.GUEST && used >= guestLimitNanos) {
            stop = Stop.GUEST_TIMEOUT;
            interruptThread();
            return;
        }
        // Never sooner than a tenth of the limit: the guest may stay for long in a host function with its time used up.
        long next = Math.max(guestLimitNanos - used, guestLimitNanos / 10 + 1);
        computationCheck = Watchdog.schedule(() -> checkComputation(number), next);
    }

    private void expireCall(long number) {
        synchronized (this) {
            if (number != callNumber || phase == Phase.IDLE) {
                return;
            }
            stop = Stop.CALL_TIMEOUT;
            if (phase != Phase.HOST) {
                interruptThread();
            }
        }
        unblock.run();
    }

    private synchronized void expireGrace(long number) {
        if (number != callNumber || phase == Phase.IDLE || stop != Stop.NONE) {
            return;
        }
        stop = Stop.CANCELLED;
        if (phase != Phase.HOST) {
            interruptThread();
        }
    }

    private void interruptThread() {
        if (!thread.isInterrupted()) {
            interruptedByGuard = true;
            thread.interrupt();
        }
    }

    private void takeBackInterrupt() {
        if (interruptedByGuard) {
            interruptedByGuard = false;
            // The flag is the guest thread's own: only it gets here with the interrupt still pending.
            Thread.interrupted();
        }
    }

    private static void cancel(Future<?> check) {
        if (check != null) {
            check.cancel(false);
        }
    }
}
