/** Model folders as Hugging Face lays them out. */
@NullMarked
package io.safeprobe.model.hub;

import org.jspecify.annotations.NullMarked;
