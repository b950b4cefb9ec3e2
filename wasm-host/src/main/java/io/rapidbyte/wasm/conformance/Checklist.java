// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm.conformance;

import io.rapidbyte.wasm.ConnectorException;
import java.util.ArrayList;
import java.util.List;

/** Runs checks one after the other and turns whatever comes of each into a finding. */
final class Checklist {
    private final List<Finding> findings = new ArrayList<>();
    private final GuestVoice voice;

    Checklist(GuestVoice voice) {
        this.voice = voice;
    }

    /** Tries one contract. */
    @FunctionalInterface
    interface Check {
        /** Returns what was found, in a sentence, when the contract is kept. */
        String run() throws Broken, NotTried;
    }

    /** Tries a contract and returns whether it is broken. */
    boolean isBroken(String name, Check check) {
        Finding finding = finding(name, check);
        findings.add(finding);
        return finding.outcome() == Finding.Outcome.BROKEN;
    }

    /** Tries a contract whose breach does not stand in the way of others. */
    void run(String name, Check check) {
        findings.add(finding(name, check));
    }

    private Finding finding(String name, Check check) {
        try {
            return new Finding(name, Finding.Outcome.KEPT, check.run());
        } catch (NotTried e) {
            return new Finding(name, Finding.Outcome.NOT_TRIED, e.getMessage());
        } catch (Broken e) {
            return new Finding(name, Finding.Outcome.BROKEN, e.getMessage());
        } catch (ConnectorException e) {
            voice.failed(e);
            return new Finding(name, Finding.Outcome.BROKEN, sentence(e));
        }
    }

    List<Finding> findings() {
        return findings;
    }

    /** A connector's own sentence, in one line and with its category and code, by which its author finds the place. */
    static String sentence(ConnectorException e) {
        String text = e.getMessage().strip().replaceAll("\\s*\\R\\s*", " ");
        return (text.endsWith(".") ? text.substring(0, text.length() - 1) : text) + " ("
                + e.error().category().jsonName() + ", " + e.error().code() + ").";
    }
}
