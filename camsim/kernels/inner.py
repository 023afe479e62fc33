"""How functions that only kernels call are compiled: as far as LLVM's code, once for each type.

numba optimises every function and makes machine code of it, then does it again inside each function that calls it; and
it compiles one anew for every constant that it is given. Of a function that lives in kernels only the code within the
kernel is ever run, and there LLVM knows the constants. Left away, that is a third of the time of a first call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from numba import types
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import LoweringPass, register_pass
from numba.core.runtime import rtsys
from numba.core.typed_passes import NativeLowering


class _Library(JITCodeLibrary):
    """Code that waits to become part of a kernel; it is optimised there."""

    def _optimize_functions(self, ll_module: Any) -> None:
        ll_module.data_layout = self._codegen._data_layout

    def add_linking_library(self, library: Any) -> None:
        if library is not rtsys.library:  # what numba's arrays need, and kernels have none
            super().add_linking_library(library)

    def finalize(self) -> None:
        self._raise_if_finalized()
        for library in dict.fromkeys(self._linking_libraries):
            self._final_module.link_in(library._get_module_for_linking(), preserve=True)
        self._finalized = True


@register_pass(mutates_CFG=False, analysis_only=False)
class _Announce(LoweringPass):
    """Make the function known to those that call it, as numba does with what has machine code."""

    _name = "camsim_announce"

    def __init__(self) -> None:
        LoweringPass.__init__(self)

    def run_pass(self, state: Any) -> bool:
        name: list[Any] = []
        state.cr = state.cr._replace(cfunc=name.append)  # any builtin that no other function has: numba's key to it
        state.targetctx.insert_user_function(state.cr.cfunc, state.cr.fndesc, [state.library])
        return True


class InnerCompiler(CompilerBase):
    """numba's compiler without its last steps."""

    def define_pipelines(self) -> list[Any]:
        state = self.state
        state.library = _Library(state.targetctx.codegen(), state.func_id.func_qualname)
        state.flags.no_compile = True
        passes = DefaultPassBuilder.define_nopython_pipeline(state)
        passes.add_pass_after(_Announce, NativeLowering)
        passes.finalize()
        return [passes]


def once_for_each_type(dispatcher: Any) -> None:
    """Have numba take a constant argument for any number of its type."""
    template = dispatcher.get_call_template

    def get_call_template(args: Sequence[Any], kws: Mapping[str, Any]) -> Any:
        return template([types.unliteral(arg) for arg in args], {key: types.unliteral(arg) for key, arg in kws.items()})

    dispatcher.get_call_template = get_call_template
