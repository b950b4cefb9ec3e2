// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.rapidbyte.beam.io.ConnectorFailures;
import io.rapidbyte.pipelines.config.ConfigurationException;
import io.rapidbyte.pipelines.run.BeamOptions;
import io.rapidbyte.pipelines.run.ExitHooks;
import io.rapidbyte.pipelines.run.PreflightException;
import io.rapidbyte.pipelines.run.RunFailedException;
import io.rapidbyte.pipelines.run.RunInterruptedException;
import io.rapidbyte.pipelines.run.RunRefusedException;
import io.rapidbyte.pipelines.run.RunnerKind;
import io.rapidbyte.pipelines.run.StreamsFailedException;
import io.rapidbyte.pipelines.state.PipelineBusyException;
import io.rapidbyte.pipelines.state.StateException;
import io.rapidbyte.wasm.ConnectorError;
import io.rapidbyte.wasm.ConnectorException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * How a command failed, for the person or the program that started it.
 *
 * @param kind what kind of failure it is; says what the process ends with
 * @param sentences what happened and what to do, one line each; more than one only when several things are wrong at once
 * @param error the connector's own record, or null when no connector failed
 * @param connector the connector that failed, or null
 * @param result what {@code --json} shows beside the failure
 */
record Failure(FailureKind kind, List<String> sentences, ConnectorError error, String connector, ObjectNode result) {
    Failure {
        // What a sentence quotes, a name or a server's words, can come from anyone.
        sentences = sentences.stream().map(Printable::sentence).toList();
    }

    private Failure(FailureKind kind, List<String> sentences) {
        this(kind, sentences, null, null, JsonOutput.object("failed"));
    }

    /** The failure of a command line that cannot be understood. */
    static Failure misused(List<String> sentences) {
        return new Failure(FailureKind.USAGE, sentences);
    }

    /** Returns what the process ends with. */
    ExitCode code() {
        return kind == FailureKind.INTERRUPTED && ExitHooks.isTerminated() ? ExitCode.TERMINATED : kind.code();
    }

    static Failure of(Throwable thrown) {
        if (ExitHooks.isProcessEnding()) {
            return new Failure(FailureKind.INTERRUPTED, List.of("Interrupted; what it had begun was cleaned up."));
        }
        if (thrown instanceof ConfigurationException) {
            return new Failure(FailureKind.USAGE, lines(thrown));
        }
        if (thrown instanceof PreflightException refused) {
            FailureKind kind = refused.failures().stream()
                    .map(each -> each.category())
                    .filter(Objects::nonNull)
                    .findFirst()
                    .map(FailureKind::of)
                    .orElse(FailureKind.USAGE);
            return new Failure(
                    kind,
                    lines(thrown),
                    null,
                    null,
                    JsonOutput.checks(JsonOutput.object("failed"), refused.findings()));
        }
        if (thrown instanceof RunInterruptedException) {
            return new Failure(FailureKind.INTERRUPTED, lines(thrown));
        }
        if (thrown instanceof RunRefusedException) {
            return new Failure(FailureKind.USAGE, lines(thrown));
        }
        if (thrown instanceof StreamsFailedException failed) {
            return ofStreams(failed);
        }
        if (thrown instanceof RunnerKind.UnavailableRunnerException || thrown instanceof BeamOptions.RefusedException) {
            return new Failure(FailureKind.USAGE, lines(thrown));
        }
        if (thrown instanceof PipelineBusyException) {
            return new Failure(FailureKind.BUSY, lines(thrown));
        }
        if (thrown instanceof StateException state) {
            return new Failure(state.isMisconfigured() ? FailureKind.USAGE : FailureKind.UNAVAILABLE, lines(thrown));
        }
        if (thrown instanceof CommandFailedException failed) {
            return new Failure(failed.kind(), lines(thrown), null, null, failed.result());
        }
        Optional<ConnectorException> connector = ConnectorFailures.find(thrown);
        if (connector.isPresent()) {
            ConnectorException failure = connector.get();
            return new Failure(
                    FailureKind.of(failure.error().category()),
                    List.of(oneLine(failure.getMessage())),
                    failure.error(),
                    failure.connector(),
                    JsonOutput.object("failed"));
        }
        if (thrown instanceof RunFailedException) {
            return new Failure(FailureKind.INTERNAL, lines(thrown));
        }
        return new Failure(
                FailureKind.INTERNAL,
                List.of("This is a defect of Rapidbyte: " + innermost(thrown)
                        + ". Run it again with -vv and report what it shows."));
    }

    /** Each stream's failure by itself; the kind is that of all of them, and else that data is missing. */
    private static Failure ofStreams(StreamsFailedException failed) {
        List<String> sentences = new ArrayList<>();
        Set<FailureKind> kinds = EnumSet.noneOf(FailureKind.class);
        int all = failed.summary().streams().size();
        Failure first = null;
        for (Map.Entry<String, Throwable> each : failed.failures().entrySet()) {
            Failure failure = of(each.getValue());
            first = first == null ? failure : first;
            kinds.add(failure.kind);
            boolean isNamed = all == 1 || failure.sentences.stream().anyMatch(line -> line.contains(each.getKey()));
            failure.sentences.forEach(
                    sentence -> sentences.add(isNamed ? sentence : "Stream " + each.getKey() + ": " + sentence));
        }
        if (all > 1) {
            sentences.add("%d of %d streams failed.".formatted(failed.failures().size(), all));
        }
        return new Failure(
                kinds.size() == 1 ? first.kind : FailureKind.DATA,
                sentences.stream().distinct().toList(),
                first.error,
                first.connector,
                JsonOutput.summary(failed.summary()).put("status", "failed"));
    }

    /** Returns the failure as {@code --json} shows it. */
    ObjectNode json() {
        ObjectNode root = result.deepCopy().put("exit_code", code().code());
        ObjectNode node = root.putObject("error");
        node.put("kind", kind.jsonName()).put("message", String.join("\n", sentences));
        if (error != null) {
            node.put("connector", connector)
                    .put("category", error.category().name().toLowerCase(Locale.ROOT))
                    .put("code", error.code())
                    .put("retryable", error.retryable());
        }
        return root;
    }

    private static List<String> lines(Throwable thrown) {
        return thrown.getMessage().lines().toList();
    }

    private static String oneLine(String text) {
        return text.strip().replaceAll("\\s*\\R\\s*", " ");
    }

    private static String innermost(Throwable thrown) {
        Throwable cause = thrown;
        for (int depth = 0; cause.getCause() != null && depth < 50; depth++) {
            cause = cause.getCause();
        }
        String message = cause.getMessage() == null ? "" : ": " + oneLine(cause.getMessage());
        return cause.getClass().getSimpleName() + message;
    }
}
