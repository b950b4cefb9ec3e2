// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.profile;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.annotation.Nullable;

/**
 * One frame of a sampled stack.
 *
 * @param name what the profiler calls it: {@code java/lang/Thread.run}, a native symbol, or {@code [thread]}
 * @param type how it ran, in the profiler's notation: {@code _[j]} compiled, {@code _[i]} inlined, {@code _[0]} interpreted, {@code _[1]}
 *     compiled by the first compiler, {@code _[k]} in the kernel; empty for native code
 * @param guest what it is to a connector; null when it is nothing to any, or names were not looked up
 */
record StackFrame(String name, String type, @Nullable GuestFrame guest) {
    private static final Pattern TYPED = Pattern.compile("(.*)(_\\[[a-z01]])");
    private static final Pattern THREAD = Pattern.compile("\\[(.*?)(?: tid=\\d+)?]");

    /** Addresses and numbers that are others in every process: of lambdas, and of what method handles are made of. */
    private static final Pattern HIDDEN_CLASS = Pattern.compile("(\\$\\$Lambda)\\$\\d+|[./+]0x[0-9a-f]{8,}");

    static StackFrame parse(String text) {
        Matcher typed = TYPED.matcher(text);
        String name = typed.matches() ? typed.group(1) : text;
        return new StackFrame(HIDDEN_CLASS.matcher(name).replaceAll("$1"), typed.matches() ? typed.group(2) : "", null);
    }

    /** The same frame under its name in the connector's source, if it belongs to a connector. */
    StackFrame named(GuestNames names) {
        int dot = name.lastIndexOf('.');
        if (!isJava() || dot < 0) {
            return this;
        }
        return names.find(name.substring(0, dot), name.substring(dot + 1))
                .map(found -> new StackFrame(found.name(), type, found))
                .orElse(this);
    }

    /** For the first frame of a stack, which names the thread: the same without what tells threads of a kind apart. */
    StackFrame ofThreadKind() {
        return isThread() ? new StackFrame("[" + threadKind() + "]", type, null) : this;
    }

    /** The name of the thread without numbers. */
    String threadKind() {
        Matcher thread = THREAD.matcher(name);
        if (!thread.matches()) {
            return "";
        }
        return thread.group(1)
                .replaceAll("\\(\\d+/\\d+\\)", "")
                .replaceAll("[-_# ]*(?<![A-Za-z0-9])\\d+", "")
                .strip();
    }

    boolean isThread() {
        return name.startsWith("[") && name.endsWith("]");
    }

    boolean isJava() {
        return !type.isEmpty() && !isKernel();
    }

    boolean isKernel() {
        return type.equals("_[k]");
    }

    boolean isGuestFunction() {
        return guest != null && guest.kind() == GuestFrame.Kind.FUNCTION;
    }

    /** As a collapsed stack has it. */
    String text() {
        return name + type;
    }
}
