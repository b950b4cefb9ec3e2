// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import io.rapidbyte.wasm.Category;
import io.rapidbyte.wasm.CheckResult;
import io.rapidbyte.wasm.ConnectorException;
import io.rapidbyte.wasm.DestinationConnector;
import io.rapidbyte.wasm.InstanceOptions;
import io.rapidbyte.wasm.SourceConnector;
import io.rapidbyte.wasm.StreamPlan;
import io.rapidbyte.wasm.StreamSpec;
import io.rapidbyte.wasm.WasmHost;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes sure, before anything is written, that a pipeline can work: the source's checks pass, every stream can be
 * planned, and the destination's checks pass, one of which is that no two streams have the same target.
 */
public final class Preflight {
    private static final Logger LOG = LoggerFactory.getLogger(Preflight.class);

    private final PreparedPipeline pipeline;
    private final List<StreamSpec> streams;
    private final Map<String, StreamPlan> begun;
    private final String runId;
    private final List<Finding> findings = new ArrayList<>();
    private final List<StreamPlan> plans = new ArrayList<>();
    private SourceConnector source;

    private Preflight(
            PreparedPipeline pipeline, List<StreamSpec> streams, Map<String, StreamPlan> begun, String runId) {
        this.pipeline = pipeline;
        this.streams = streams;
        this.begun = begun;
        this.runId = runId;
        this.source = openSource();
    }

    /**
     * One thing that was looked at.
     *
     * @param connector the connector it concerns
     * @param name short and stable
     * @param ok whether it is as it must be
     * @param message what was found
     * @param hint what to do about it; may be empty
     * @param category what kind of failure it is; null when it is none or the connector does not say
     */
    public record Finding(String connector, String name, boolean ok, String message, String hint, Category category) {
        /** Returns what was found and what to do about it, in a line. */
        public String sentence() {
            StringBuilder text = new StringBuilder();
            text.append(connector).append(": ");
            if (!message.contains(name)) {
                text.append(name).append(": ");
            }
            text.append(message);
            if (hint != null && !hint.isEmpty()) {
                text.append(message.endsWith(".") ? " " : ". ")
                        .append(Character.toUpperCase(hint.charAt(0)))
                        .append(hint, 1, hint.length());
            }
            return text.toString();
        }
    }

    /**
     * What a preflight found.
     *
     * @param findings in the order they were made
     * @param plans one for each stream that could be planned
     */
    public record Result(List<Finding> findings, List<StreamPlan> plans) {
        public Result {
            findings = List.copyOf(findings);
            plans = List.copyOf(plans);
        }

        /** Whether the pipeline can run. */
        public boolean ok() {
            return findings.stream().allMatch(Finding::ok);
        }

        /**
         * Returns the plans.
         *
         * @throws PreflightException when the pipeline cannot run
         */
        public List<StreamPlan> require() {
            if (!ok()) {
                throw new PreflightException(findings);
            }
            return plans;
        }
    }

    /**
     * Looks at everything that can be looked at.
     *
     * @throws ConnectorException when a connector cannot even begin, for example because its server does not answer
     */
    public static Result inspect(PreparedPipeline pipeline, String runId) {
        Preflight preflight = new Preflight(pipeline, pipeline.streams(), Map.of(), runId);
        try {
            return preflight.inspect();
        } finally {
            preflight.source.close();
        }
    }

    /**
     * Looks at everything that can be looked at, and has the source keep its state for the run that begins now.
     *
     * @param streams those of the pipeline that are run, each from where it ended
     * @param begun the plans of those of them, by name, that are gone on with
     * @throws PreflightException when the pipeline cannot run
     * @throws ConnectorException when a connector cannot even begin, for example because its server does not answer
     */
    static Departure depart(
            PreparedPipeline pipeline, List<StreamSpec> streams, Map<String, StreamPlan> begun, String runId) {
        Preflight preflight = new Preflight(pipeline, streams, begun, runId);
        try {
            List<StreamPlan> plans = preflight.inspect().require();
            String snapshot = preflight.source.snapshot().orElse(null);
            if (snapshot == null) {
                LOG.info(
                        "{} keeps no snapshot: each part of a stream is read as it is when its reading begins.",
                        pipeline.source().module().name());
            }
            return new Departure(
                    plans.stream().map(plan -> plan.withSnapshot(snapshot)).toList(), preflight.source);
        } catch (RuntimeException | Error e) {
            preflight.source.close();
            throw e;
        }
    }

    /**
     * What a run begins with.
     *
     * @param plans one for each stream; all of one state of the source, if it knows such a thing
     * @param source keeps this state while it is open
     */
    record Departure(List<StreamPlan> plans, SourceConnector source) implements AutoCloseable {
        @Override
        public void close() {
            source.close();
        }
    }

    private Result inspect() {
        source();
        destination();
        return new Result(findings, plans);
    }

    private void source() {
        // One instance for all of it, as long as it is usable: logging in to a server costs more than all questions
        // together.
        if (!add(pipeline.source(), source.check(streams))) {
            return;
        }
        for (StreamSpec stream : streams) {
            if (!source.isUsable()) {
                source.close();
                source = openSource();
            }
            plan(stream);
        }
    }

    private void plan(StreamSpec stream) {
        try {
            // What was begun is gone on with by the plan by which it was: another one would cut the stream elsewhere.
            StreamPlan plan = begun.containsKey(stream.name()) ? begun.get(stream.name()) : source.plan(stream);
            plans.add(plan);
            findings.add(ok(pipeline.source(), "stream " + stream.name(), size(plan)));
        } catch (ConnectorException e) {
            if (e.error().retryable() || e.error().category() == Category.CANCELLED) {
                // It says nothing of the stream.
                throw e;
            }
            findings.add(new Finding(
                    pipeline.source().module().name(),
                    "stream " + stream.name(),
                    false,
                    e.error().message(),
                    e.error().hint(),
                    e.error().category()));
        }
    }

    private void destination() {
        PreparedPipeline.Connector connector = pipeline.destination();
        try (DestinationConnector destination =
                WasmHost.shared().openDestination(connector.module(), connector.config(), options(connector))) {
            // It is told of planned streams only, which have the names that targets are made from.
            List<StreamSpec> planned = plans.stream().map(StreamPlan::stream).toList();
            add(connector, destination.check(planned, pipeline.writeMode(), pipeline.primaryKey()));
        }
    }

    private SourceConnector openSource() {
        PreparedPipeline.Connector connector = pipeline.source();
        return WasmHost.shared().openSource(connector.module(), connector.config(), options(connector));
    }

    private InstanceOptions options(PreparedPipeline.Connector connector) {
        return InstanceOptions.of(runId).withGrants(connector.grants()).withLimits(connector.limits());
    }

    private boolean add(PreparedPipeline.Connector connector, CheckResult result) {
        for (CheckResult.Check check : result.checks()) {
            findings.add(new Finding(
                    connector.module().name(),
                    check.name(),
                    check.ok(),
                    check.message(),
                    check.hint(),
                    check.category()));
        }
        return result.ok();
    }

    private static Finding ok(PreparedPipeline.Connector connector, String name, String message) {
        return new Finding(connector.module().name(), name, true, message, "", null);
    }

    private static String size(StreamPlan plan) {
        String rows = plan.estimatedRows() < 0 ? "an unknown number of" : "about %,d".formatted(plan.estimatedRows());
        return "%s rows in %,d units (%s)".formatted(rows, plan.units(), plan.unitKind());
    }
}
