// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import static io.rapidbyte.wasm.HostFunctions.type;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.EnumSet;
import java.util.Set;

/** {@code checkpoint} and {@code emit_dlq}: what a guest reports beside its batches. */
final class CheckpointImports {
    private static final int MAX_CHECKPOINT_BYTES = 1 << 20;

    /** A letter holds what is known of a record, and where it is a whole one, not one that is too large to be moved. */
    private static final int MAX_LETTER_BYTES = 1 << 20;

    private static final Set<LifecycleCall> MOVING =
            EnumSet.of(LifecycleCall.READ, LifecycleCall.WRITE, LifecycleCall.TRANSFORM);

    private final GuestMemory memory;
    private final CallContext context;
    private final long maxRecordBytes;
    private final Secrets secrets;

    private CheckpointImports(GuestMemory memory, CallContext context, Limits limits, Secrets secrets) {
        this.memory = memory;
        this.context = context;
        this.secrets = secrets;
        this.maxRecordBytes = limits.maxRecordBytes();
    }

    static void addTo(
            HostFunctions functions, GuestMemory memory, CallContext context, Limits limits, Secrets secrets) {
        CheckpointImports imports = new CheckpointImports(memory, context, limits, secrets);
        functions.add(
                "checkpoint",
                type("ii", "i"),
                MOVING,
                HostFunctions.Progress.SUCCESS,
                HostFunctions.Reach.FAR,
                arguments -> imports.checkpoint(arguments[0], arguments[1]));
        functions.add(
                "emit_dlq",
                type("ii", "i"),
                MOVING,
                HostFunctions.Progress.NEVER,
                HostFunctions.Reach.FAR,
                arguments -> imports.deadLetter(arguments[0], arguments[1]));
    }

    private long checkpoint(long pointer, long length) throws ImportFailure {
        byte[] json = bounded("checkpoint", pointer, length, MAX_CHECKPOINT_BYTES);
        JsonNode object = Payloads.object("checkpoint", json);
        WriteState write = context.write();
        if (write != null) {
            WriteResult committed = new WriteResult(
                    count(object, "rows"),
                    count(object, "bytes"),
                    count(object, "batches"),
                    object.hasNonNull("refused") ? count(object, "refused") : 0);
            callOut(() -> {
                write.feed.committed(committed);
                return true;
            });
        } else if (context.read() != null) {
            ReadState read = context.read();
            callOut(() -> {
                read.callbacks.checkpoint(object.toString());
                return true;
            });
        }
        return 0;
    }

    private long deadLetter(long pointer, long length) throws ImportFailure {
        byte[] json = bounded("emit_dlq", pointer, length, Math.min(maxRecordBytes, MAX_LETTER_BYTES));
        // What goes on is what was understood, in the one encoding of this side.
        String text = letter(Payloads.object("emit_dlq", json)).toString();
        WriteState write = context.write();
        ReadState read = context.read();
        boolean taken = callOut(
                () -> write != null ? write.feed.deadLetter(text) : read != null && read.callbacks.deadLetter(text));
        if (!taken) {
            throw ImportFailure.failed(
                    ConnectorError.of(Category.CONFIG, "no_dead_letters", "This pipeline takes no dead letters")
                            .withScope(Scope.RECORD)
                            .withHint("Set on_data_error to fail or skip."));
        }
        return 0;
    }

    /** The record is the data's, and stays as it is; what the guest says of it passes through the same bounds as any error of its. */
    private JsonNode letter(JsonNode given) {
        if (given instanceof ObjectNode letter && letter.path("error").isObject()) {
            ObjectNode error = (ObjectNode) letter.path("error");
            error.properties().forEach(member -> {
                if (member.getValue().isTextual()) {
                    member.setValue(TextNode.valueOf(
                            Payloads.clip(secrets.mask(member.getValue().textValue()))));
                }
            });
        }
        return given;
    }

    private byte[] bounded(String name, long pointer, long length, long most) throws ImportFailure {
        if ((length & 0xFFFF_FFFFL) > most) {
            throw ImportFailure.badArgument(
                    name + " has " + (length & 0xFFFF_FFFFL) + " bytes, and " + most + " is the most");
        }
        return memory.read(pointer, length);
    }

    private static long count(JsonNode object, String member) throws ImportFailure {
        JsonNode value = object.path(member);
        if (!value.isIntegralNumber() || !value.canConvertToLong() || value.asLong() < 0) {
            throw ImportFailure.badArgument("checkpoint: " + member + " is not a count");
        }
        return value.asLong();
    }

    private static boolean callOut(java.util.function.BooleanSupplier call) {
        try {
            return call.getAsBoolean();
        } catch (RuntimeException | Error e) {
            throw new CallbackFailed(e);
        }
    }
}
