// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.profile;

import io.rapidbyte.wasm.Role;
import java.util.List;
import java.util.regex.Pattern;
import javax.annotation.Nullable;

/**
 * What one sampled stack is counted for.
 *
 * @param part the part
 * @param self the frame that the time is put down to: in a guest its function, else the innermost Java method; null outside of Java
 * @param support what that function was in the middle of, below it: a memory access, a check; null when it was in its own code
 */
record Attribution(
        Part part, @Nullable StackFrame self, @Nullable String support) {
    private static final Pattern COMPILER_THREAD = Pattern.compile("C[12] CompilerThre.*|Sweeper thread");
    private static final Pattern COLLECTOR_THREAD =
            Pattern.compile("(GC Thread|G1 |Gang worker|ZWorker|ZDirector|ZDriver|Shenandoah).*");
    private static final String VM_THREAD = "VM Thread";
    private static final Pattern COLLECTING = Pattern.compile("GC|Scavenge|Collect|Compact|Mark|ReferenceProcessor");

    private static final Pattern SOCKET = Pattern.compile("sun/nio/ch/.*(Socket|Net|FileDispatcher|Poll).*");
    private static final Pattern FRAME_CHECK = Pattern.compile(
            "io/rapidbyte/wasm/(FrameChecker|FrameSchema|FrameInfo|ColumnLayout|MessageHead|ArrowFrames)\\b.*"
                    + "|org/apache/arrow/flatbuf/.*");
    private static final Pattern LOADING = Pattern.compile(
            "io/rapidbyte/wasm/(BundledCode|BundledModules|CodeCache|CompilingEngine|ConnectorModule|Hashes|ModuleCache"
                    + "|ModuleParser|ModuleReader|SerializedModule|WasmHost)\\b.*"
                    + "|io/rapidbyte/wasm/GuestInstance\\.(open|<init>).*");
    private static final Pattern CLASSES = Pattern.compile("jdk/internal/loader/.*|java/lang/ClassLoader\\..*");
    private static final Pattern DRIVER = Pattern.compile("org/postgresql/.*");

    /** The memory that guest code works in: what it does there is the guest's, or the host function's that copies. */
    private static final Pattern MEMORY = Pattern.compile("io/rapidbyte/wasm/LinearMemory\\b.*");

    private static final Pattern HOST = Pattern.compile("io/rapidbyte/wasm/.*");
    private static final Pattern RUNNER = Pattern.compile("(org/apache/beam|org/apache/flink|io/rapidbyte/beam)/.*");

    static Attribution of(List<StackFrame> stack) {
        String thread = stack.get(0).threadKind();
        if (COMPILER_THREAD.matcher(thread).matches()) {
            return new Attribution(Part.COMPILER, null, null);
        }
        if (COLLECTOR_THREAD.matcher(thread).matches() || thread.equals(VM_THREAD) && isCollecting(stack)) {
            return new Attribution(Part.COLLECTOR, null, null);
        }
        int innermost = stack.size() - 1;
        while (innermost >= 0 && !stack.get(innermost).isJava()) {
            innermost--;
        }
        if (innermost < 0) {
            return new Attribution(Part.OTHER, null, null);
        }
        StackFrame self = stack.get(innermost);
        if (innermost < stack.size() - 1 && SOCKET.matcher(self.name()).matches()) {
            return new Attribution(Part.SOCKET, self, null);
        }
        // Helpers of the JDK and of the WebAssembly runtime work for whoever is nearest above them.
        for (int i = innermost; i >= 0; i--) {
            StackFrame frame = stack.get(i);
            if (frame.isGuestFunction()) {
                return new Attribution(guest(frame), frame, i == innermost ? null : support(stack.get(i + 1)));
            }
            Part part = partOf(frame);
            if (part == Part.CLASSES && stack.subList(0, i).stream().anyMatch(above -> partOf(above) == Part.LOADING)) {
                part = Part.LOADING;
            }
            if (part != null) {
                return new Attribution(part, self, null);
            }
        }
        return new Attribution(Part.OTHER, self, null);
    }

    private static Part partOf(StackFrame frame) {
        if (frame.guest() != null) {
            return frame.guest().kind() == GuestFrame.Kind.HOST_CALL ? Part.HOST : null;
        }
        if (!frame.isJava() || MEMORY.matcher(frame.name()).matches()) {
            return null;
        }
        String name = frame.name();
        if (FRAME_CHECK.matcher(name).matches()) {
            return Part.FRAME_CHECK;
        }
        if (LOADING.matcher(name).matches()) {
            return Part.LOADING;
        }
        if (HOST.matcher(name).matches()) {
            return Part.HOST;
        }
        if (CLASSES.matcher(name).matches()) {
            return Part.CLASSES;
        }
        if (DRIVER.matcher(name).matches()) {
            return Part.DRIVER;
        }
        return RUNNER.matcher(name).matches() ? Part.RUNNER : null;
    }

    private static Part guest(StackFrame frame) {
        Role role = frame.guest().role();
        return switch (role) {
            case SOURCE -> Part.GUEST_SOURCE;
            case DESTINATION -> Part.GUEST_DESTINATION;
            case TRANSFORM -> Part.GUEST_TRANSFORM;
        };
    }

    /** The helper that a guest function called, whichever connector it was compiled into. */
    private static String support(StackFrame helper) {
        String name = helper.name();
        return name.substring(helper.isJava() ? name.lastIndexOf('.') + 1 : 0).replaceFirst("_\\d+$", "");
    }

    private static boolean isCollecting(List<StackFrame> stack) {
        return stack.stream().anyMatch(frame -> COLLECTING.matcher(frame.name()).find());
    }
}
