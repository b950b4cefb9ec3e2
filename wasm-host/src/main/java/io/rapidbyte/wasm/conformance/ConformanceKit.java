// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm.conformance;

import io.rapidbyte.wasm.GuestLog;

/**
 * Runs a connector through the contracts of {@code docs/abi.md}. What a connector cannot do, its manifest does not declare, or nobody can see
 * from outside is not tried, and the findings say so.
 *
 * <p>A destination writes: into streams of its own ({@link ConformanceSubject#stream()}), whose targets stay, for whoever wants to look at them.
 */
public final class ConformanceKit {
    private ConformanceKit() {}

    /** Tries all contracts of the connector's role. A connector that breaks one is tried further as far as that makes sense. */
    public static ConformanceReport verify(ConformanceSubject subject) {
        GuestVoice voice = new GuestVoice(GuestLog.slf4j(subject.module().name()));
        Instances instances = new Instances(subject, voice);
        Checklist checks = new Checklist(voice);
        ConfigContracts config = new ConfigContracts(subject, instances, voice);
        checks.run("manifest", () -> ManifestContract.check(subject.module().manifest()));
        switch (subject.module().manifest().role()) {
            case SOURCE -> {
                if (opens(checks, config)) {
                    new SourceContracts(subject, instances, voice).runAll(checks);
                }
            }
            case DESTINATION -> {
                if (opens(checks, config)) {
                    new DestinationContracts(subject, instances, voice).runAll(checks);
                }
            }
            default ->
                checks.run("transform", () -> {
                    throw new NotTried("This version of the host runs no transforms: only the manifest was looked at.");
                });
        }
        checks.run("secrets", config::keepsSecrets);
        return new ConformanceReport(checks.findings());
    }

    /** A connector that does not open with its configuration cannot be tried any further. */
    private static boolean opens(Checklist checks, ConfigContracts config) {
        if (checks.isBroken("open", config::open)) {
            return false;
        }
        checks.run("bad_config", config::refusesBadConfig);
        return true;
    }
}
