/** The probe on hidden states and the perturbation of the weights. */
@NullMarked
package io.safeprobe.sap.probe;

import org.jspecify.annotations.NullMarked;
