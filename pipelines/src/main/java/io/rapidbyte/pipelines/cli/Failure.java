// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.rapidbyte.beam.io.ConnectorFailures;
import io.rapidbyte.pipelines.config.ConfigurationException;
import io.rapidbyte.pipelines.run.ExitHooks;
import io.rapidbyte.pipelines.run.PreflightException;
import io.rapidbyte.pipelines.run.RunFailedException;
import io.rapidbyte.pipelines.run.RunInterruptedException;
import io.rapidbyte.pipelines.run.RunRefusedException;
import io.rapidbyte.pipelines.run.RunnerKind;
import io.rapidbyte.pipelines.run.StreamsFailedException;
import io.rapidbyte.pipelines.state.PipelineBusyException;
import io.rapidbyte.pipelines.state.StateException;
import io.rapidbyte.wasm.Category;
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
 * @param code what the process ends with
 * @param sentences what happened and what to do, one line each; more than one only when several things are wrong at once
 * @param error the connector's own record, or null when no connector failed
 * @param connector the connector that failed, or null
 * @param result what {@code --json} shows beside the failure
 */
record Failure(ExitCode code, List<String> sentences, ConnectorError error, String connector, ObjectNode result) {
    private Failure(ExitCode code, List<String> sentences) {
        this(code, sentences, null, null, JsonOutput.object("failed"));
    }

    static Failure of(Throwable thrown) {
        if (ExitHooks.isProcessEnding()) {
            return new Failure(ExitCode.INTERRUPTED, List.of("Interrupted; what it had begun was cleaned up."));
        }
        if (thrown instanceof ConfigurationException) {
            return new Failure(ExitCode.USAGE, lines(thrown));
        }
        if (thrown instanceof PreflightException refused) {
            ExitCode code = refused.failures().stream()
                    .map(each -> each.category())
                    .filter(Objects::nonNull)
                    .findFirst()
                    .map(ExitCode::of)
                    .orElse(ExitCode.USAGE);
            return new Failure(code, lines(thrown));
        }
        if (thrown instanceof RunInterruptedException) {
            return new Failure(ExitCode.INTERRUPTED, lines(thrown));
        }
        if (thrown instanceof RunRefusedException) {
            return new Failure(ExitCode.USAGE, lines(thrown));
        }
        if (thrown instanceof StreamsFailedException failed
                && failed.summary().streams().size() > 1) {
            return ofStreams(failed);
        }
        if (thrown instanceof RunnerKind.UnavailableRunnerException) {
            return new Failure(ExitCode.USAGE, lines(thrown));
        }
        if (thrown instanceof CommandFailedException failed) {
            return new Failure(failed.code(), lines(thrown), null, null, failed.result());
        }
        if (thrown instanceof PipelineBusyException) {
            return new Failure(ExitCode.of(Category.DATA), lines(thrown));
        }
        if (thrown instanceof StateException state) {
            return new Failure(
                    state.isMisconfigured() ? ExitCode.USAGE : ExitCode.of(Category.PERMISSION), lines(thrown));
        }
        Optional<ConnectorException> connector = ConnectorFailures.find(thrown);
        if (connector.isPresent()) {
            ConnectorException failure = connector.get();
            return new Failure(
                    ExitCode.of(failure.error().category()),
                    List.of(oneLine(failure.getMessage())),
                    failure.error(),
                    failure.connector(),
                    JsonOutput.object("failed"));
        }
        if (thrown instanceof RunFailedException) {
            return new Failure(ExitCode.INTERNAL, lines(thrown));
        }
        return new Failure(
                ExitCode.INTERNAL,
                List.of("This is a defect of Rapidbyte: " + innermost(thrown)
                        + ". Run it again with -vv and report what it shows."));
    }

    /** Each stream's failure by itself; the code is that of the first, unless they differ. */
    private static Failure ofStreams(StreamsFailedException failed) {
        List<String> sentences = new ArrayList<>();
        Set<ExitCode> codes = EnumSet.noneOf(ExitCode.class);
        Failure first = null;
        for (Map.Entry<String, Throwable> each : failed.failures().entrySet()) {
            Failure failure = of(each.getValue());
            first = first == null ? failure : first;
            codes.add(failure.code);
            String about = "stream " + each.getKey();
            failure.sentences.forEach(
                    sentence -> sentences.add(sentence.contains(each.getKey()) ? sentence : about + ": " + sentence));
        }
        int all = failed.summary().streams().size();
        sentences.add("%d of %d streams failed.".formatted(failed.failures().size(), all));
        return new Failure(
                codes.size() == 1 ? first.code : ExitCode.DATA,
                sentences.stream().distinct().toList(),
                first.error,
                first.connector,
                JsonOutput.object("failed"));
    }

    /** Returns the failure as {@code --json} shows it. */
    ObjectNode json() {
        ObjectNode root = result.deepCopy().put("exit_code", code.code());
        ObjectNode node = root.putObject("error");
        node.put("kind", code.name().toLowerCase(Locale.ROOT)).put("message", String.join("\n", sentences));
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
