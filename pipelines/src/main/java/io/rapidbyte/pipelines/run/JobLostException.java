// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

/** Thrown when nobody knows whether a job that was submitted has ended: nothing may be done that it could be doing still. */
public final class JobLostException extends RunFailedException {
    private static final long serialVersionUID = 1L;

    JobLostException(String job, Throwable cause) {
        super(
                "The connection to the cluster was lost while job " + job
                        + " was running there, and nobody can tell whether it has ended: it may go on and write. Make sure on the cluster that it has"
                        + " ended, or cancel it there, before the pipeline is run again.",
                cause);
    }
}
