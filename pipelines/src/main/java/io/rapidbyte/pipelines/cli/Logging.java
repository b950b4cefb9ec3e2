// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.OutputStreamAppender;
import java.io.PrintStream;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;

/**
 * Sets logging up in code: reading a configuration file costs a tenth of a second, and one in the archive would bind programs
 * that use these classes as a library. Whoever names a file in {@code logback.configurationFile} has it their way.
 */
final class Logging {
    private Logging() {}

    static void configure(Verbosity verbosity, PrintStream err) {
        if (System.getProperty("logback.configurationFile") != null
                || !(LoggerFactory.getILoggerFactory() instanceof LoggerContext context)) {
            return;
        }
        context.reset();
        PatternLayoutEncoder encoder = new PatternLayoutEncoder();
        encoder.setContext(context);
        encoder.setPattern(
                verbosity == Verbosity.DEBUG
                        ? "%d{HH:mm:ss.SSS} %-5level [%thread] %logger{24}: %msg%n%ex"
                        : "%-5level %logger{0}: %msg%n%nopex");
        encoder.start();
        OutputStreamAppender<ILoggingEvent> appender = new OutputStreamAppender<>();
        appender.setContext(context);
        appender.setEncoder(encoder);
        appender.setOutputStream(err);
        appender.start();
        context.getLogger("ROOT").addAppender(appender);
        context.getLogger("ROOT")
                .setLevel(
                        switch (verbosity) {
                            case QUIET, NORMAL -> Level.ERROR;
                            case VERBOSE -> Level.WARN;
                            case DEBUG -> Level.INFO;
                        });
        Level ours = switch (verbosity) {
            case QUIET -> Level.ERROR;
            case NORMAL -> Level.WARN;
            case VERBOSE -> Level.INFO;
            case DEBUG -> Level.DEBUG;
        };
        context.getLogger("io.rapidbyte").setLevel(ours);
        context.getLogger("rapidbyte").setLevel(ours);
        // What fails inside a runner reaches the user as the one sentence of its cause, and runners log it besides, as
        // errors with stack traces, once for each attempt.
        if (verbosity != Verbosity.DEBUG) {
            context.getLogger("org.apache.beam").setLevel(Level.OFF);
            context.getLogger("org.apache.flink").setLevel(Level.OFF);
            context.getLogger("akka").setLevel(Level.OFF);
            context.getLogger("org.apache.pekko").setLevel(Level.OFF);
        }
        // Connectors annotate their schemas with keywords of their own, which the validator warns of.
        context.getLogger("com.networknt").setLevel(Level.ERROR);
        SLF4JBridgeHandler.removeHandlersForRootLogger();
        SLF4JBridgeHandler.install();
    }
}
