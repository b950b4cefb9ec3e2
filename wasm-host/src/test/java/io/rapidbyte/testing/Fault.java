// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.testing;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;

/** Something that a {@link FaultyProxy} does at certain messages, so many times; then it behaves. */
public final class Fault {
    /** What happens to a message that a fault is for. */
    public enum Kind {
        /** The connection is cut, and the server never gets the message. */
        CUT_BEFORE,
        /** The server does what it says; then the connection is cut, and the client never gets the answer. */
        CUT_AFTER,
        /** The server gets it when {@link Fault#release()} is called. */
        HOLD
    }

    private static final long PATIENCE_SECONDS = 60;

    private final Kind kind;
    private final Predicate<Question> where;
    private final int times;
    private final AtomicInteger met = new AtomicInteger();
    private final CountDownLatch reached = new CountDownLatch(1);
    private final CountDownLatch released = new CountDownLatch(1);

    Fault(Kind kind, Predicate<Question> where, int times) {
        this.kind = kind;
        this.where = where;
        this.times = times;
    }

    Kind kind() {
        return kind;
    }

    /** Whether it happens at this message. */
    boolean strikes(Question question) {
        if (!where.test(question) || met.getAndUpdate(count -> Math.min(count + 1, times)) >= times) {
            return false;
        }
        reached.countDown();
        return true;
    }

    /** How often it has happened. */
    public int count() {
        return met.get();
    }

    /** Waits until it happens for the first time. */
    public void awaitReached() {
        await(reached, "nothing was said that the fault is for");
    }

    /** Lets a message go on that is held. */
    public void release() {
        released.countDown();
    }

    void awaitRelease() {
        await(released, "nobody released the message that is held");
    }

    private static void await(CountDownLatch latch, String otherwise) {
        try {
            if (!latch.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                throw new IllegalStateException(otherwise + " within " + PATIENCE_SECONDS + " s");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
