/** Methods, one step each, and the loop around them. */
@NullMarked
package io.safeprobe.sap.train;

import org.jspecify.annotations.NullMarked;
