// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.scenario;

import com.fasterxml.jackson.annotation.JsonProperty;

/** What the clock of an iteration covers. */
public enum Measure {
    /** One copy in a process that has made copies before: the steady state, without start-up. */
    @JsonProperty("steady")
    STEADY,
    /** A process from its start to its exit, with one copy in it. */
    @JsonProperty("process")
    PROCESS
}
