/** What is minimised: the useful loss and the contrastive safety loss, with their gradients. */
@NullMarked
package io.safeprobe.sap.objective;

import org.jspecify.annotations.NullMarked;
