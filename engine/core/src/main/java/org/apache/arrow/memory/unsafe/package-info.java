/** Holds the one class that Arrow looks up by name; see there. */
@NullMarked
package org.apache.arrow.memory.unsafe;

import org.jspecify.annotations.NullMarked;
