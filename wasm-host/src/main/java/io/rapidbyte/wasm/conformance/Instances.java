// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm.conformance;

import io.rapidbyte.wasm.DestinationConnector;
import io.rapidbyte.wasm.GuestLog;
import io.rapidbyte.wasm.InstanceOptions;
import io.rapidbyte.wasm.Limits;
import io.rapidbyte.wasm.Role;
import io.rapidbyte.wasm.SourceConnector;
import java.util.UUID;

/** Makes instances of the connector that is tried. Each has a run of its own unless it is told another. */
final class Instances {
    private final ConformanceSubject subject;
    private final GuestLog log;

    Instances(ConformanceSubject subject, GuestLog log) {
        this.subject = subject;
        this.log = log;
    }

    static String newRun() {
        return "conformance-" + UUID.randomUUID();
    }

    SourceConnector source() {
        return source(subject.limits());
    }

    SourceConnector source(Limits limits) {
        return subject.host().openSource(subject.module(), subject.config(), options(newRun(), limits));
    }

    DestinationConnector destination(String run) {
        return subject.host().openDestination(subject.module(), subject.config(), options(run, subject.limits()));
    }

    /** Opens an instance with another configuration, and closes it again. */
    void tryConfig(String config) {
        InstanceOptions options = options(newRun(), subject.limits());
        if (subject.module().manifest().role() == Role.SOURCE) {
            subject.host().openSource(subject.module(), config, options).close();
        } else {
            subject.host().openDestination(subject.module(), config, options).close();
        }
    }

    private InstanceOptions options(String run, Limits limits) {
        return InstanceOptions.of(run)
                .withGrants(subject.grants())
                .withLimits(limits)
                .withLog(log);
    }
}
