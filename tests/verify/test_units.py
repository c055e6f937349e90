# ruff: noqa: E501  (texts as compilers and people write them)
"""Units read from build files: what people write in setup.py, and never by running it."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from migrator.verify.units import Project, UnitsError, find_units, sort_flags

FLAGS = ("WITH_CUDA", "CUDA_HAS_FP16=1")

DETECTRON_STYLE = """
    import glob, os, torch
    from setuptools import setup
    from torch.utils.cpp_extension import CUDA_HOME, CppExtension, CUDAExtension

    open("ran", "w").write("a setup.py was executed")
    def get_extensions():
        this_dir = os.path.dirname(os.path.abspath(__file__))
        extensions_dir = os.path.join(this_dir, "pkg", "csrc")
        main_file = glob.glob(os.path.join(extensions_dir, "*.cpp"))
        source_cpu = glob.glob(os.path.join(extensions_dir, "cpu", "*.cpp"))
        source_cuda = glob.glob(os.path.join(extensions_dir, "cuda", "*.cu"))
        sources = main_file + source_cpu
        extension = CppExtension
        extra_compile_args = {"cxx": ["-O3"]}
        define_macros = []
        if (torch.cuda.is_available() and CUDA_HOME is not None) or os.getenv("FORCE_CUDA", "0") == "1":
            extension = CUDAExtension
            sources += source_cuda
            define_macros += [("WITH_CUDA", None)]
            extra_compile_args["nvcc"] = ["-DCUDA_HAS_FP16=1", "-gencode", "arch=compute_60,code=sm_60"]
            if os.environ.get("CC", None) is not None:
                extra_compile_args["nvcc"].append("-ccbin=g++")
        sources = [os.path.join(extensions_dir, s) for s in sources]
        return [extension("pkg._C", sources, include_dirs=[extensions_dir], define_macros=define_macros, extra_compile_args=extra_compile_args)]

    setup(name="pkg", ext_modules=get_extensions())
"""


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    return root


def names(project: Project) -> list[str]:
    return [unit.name for unit in project.units]


def test_globs_conditions_and_concatenation(tmp_path):
    tree(
        tmp_path,
        {
            "setup.py": DETECTRON_STYLE,
            "pkg/csrc/vision.cpp": "",
            "pkg/csrc/cpu/nms_cpu.cpp": "",
            "pkg/csrc/cuda/nms.cu": "",
            "pkg/csrc/unrelated/other.cu": "",
        },
    )
    project = find_units(tmp_path)
    assert names(project) == ["pkg/csrc/cpu/nms_cpu.cpp", "pkg/csrc/cuda/nms.cu", "pkg/csrc/vision.cpp"]
    kernel = project.units[1]
    assert kernel.extension == "pkg._C" and kernel.cuda_extension
    assert kernel.defines == FLAGS and kernel.include_dirs == (Path("pkg/csrc"),)
    assert "-gencode arch=compute_60,code=sm_60" in kernel.other_flags
    assert project.units[2].defines == ("WITH_CUDA",) and project.units[2].other_flags == ("-O3",)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(("release", "defines"), [("1.4.0", ("OLD_GENERATOR",)), ("1.10.2", ()), ("2.15.0", ())])
def test_a_header_of_torch_that_a_script_looks_for(tmp_path, release, defines):
    """As apex has it: ATen/CUDAGenerator.h is there up to torch 1.5."""
    tree(
        tmp_path,
        {
            "setup.py": """
            import os, torch
            from torch.utils.cpp_extension import CUDAExtension
            flags = []
            torch_dir = torch.__path__[0]
            if os.path.exists(os.path.join(torch_dir, 'include', 'ATen', 'CUDAGenerator.h')):
                flags = ['-DOLD_GENERATOR']
            CUDAExtension('a', ['a.cu'], extra_compile_args=flags + ['-I' + torch_dir], include_dirs=[os.path.dirname(torch.__file__) + '/include'])
        """,
            "a.cu": "",
        },
    )
    (unit,) = find_units(tmp_path, release).units
    assert unit.defines == defines and unit.include_dirs == ()


def test_a_list_of_sources_and_one_flag_list(tmp_path):
    tree(
        tmp_path,
        {
            "ops/setup.py": """
            from setuptools import setup
            from torch.utils.cpp_extension import BuildExtension, CUDAExtension
            setup(name='x', ext_modules=[CUDAExtension('x_cuda', ['src/x.cpp', 'src/x_kernel.cu'], extra_compile_args=['-std=c++11', '-DFOO=2', '-Iinc'])],
                  cmdclass={'build_ext': BuildExtension})
        """,
            "ops/src/x.cpp": "",
            "ops/src/x_kernel.cu": "",
            "ops/inc/a.h": "",
        },
    )
    unit = find_units(tmp_path).units[1]
    assert unit.name == "ops/src/x_kernel.cu" and unit.defines == ("FOO=2",) and unit.include_dirs == (Path("ops/inc"),)
    assert unit.other_flags == ("-std=c++11",)


def test_helper_functions_pathlib_and_loops(tmp_path):
    tree(
        tmp_path,
        {
            "setup.py": """
            from pathlib import Path
            import os.path as osp
            from torch.utils.cpp_extension import CUDAExtension, CppExtension
            here = Path(__file__).resolve().parent
            def make_cuda_ext(name, module, sources, sources_cuda=[]):
                define_macros = []
                if torch.cuda.is_available() or os.getenv('FORCE_CUDA', '0') == '1':
                    define_macros += [('WITH_CUDA', None)]
                    extension = CUDAExtension
                    sources += sources_cuda
                return extension(name=f'{module}.{name}', sources=[osp.join(*module.split('.'), p) for p in sources], define_macros=define_macros)
            exts = []
            for name in ('nms', 'roi'):
                exts.append(make_cuda_ext(name=name + '_ext', module='mmdet.ops', sources=['src/%s.cpp' % name], sources_cuda=['src/%s.cu' % name]))
            exts.append(CppExtension('plain', sorted(str(p.relative_to(here)) for p in (here / 'plain').glob('*.cc'))))
        """,
            "mmdet/ops/src/nms.cpp": "",
            "mmdet/ops/src/nms.cu": "",
            "mmdet/ops/src/roi.cpp": "",
            "mmdet/ops/src/roi.cu": "",
            "plain/a.cc": "",
            "plain/b.cc": "",
        },
    )
    project = find_units(tmp_path)
    assert {(u.extension, u.source.name, u.cuda_extension) for u in project.units} == {
        ("mmdet.ops.nms_ext", "nms.cpp", True),
        ("mmdet.ops.nms_ext", "nms.cu", True),
        ("mmdet.ops.roi_ext", "roi.cpp", True),
        ("mmdet.ops.roi_ext", "roi.cu", True),
        ("plain", "a.cc", False),
        ("plain", "b.cc", False),
    }


def test_extensions_behind_an_environment_variable(tmp_path):
    """As mmcv has it: without the variable the function returns early, and the class of the extension is a variable too."""
    tree(
        tmp_path,
        {
            "setup.py": """
            import glob, os
            from setuptools import Extension, setup
            def get_extensions():
                extensions = [Extension(name='pkg._flow', sources=['pkg/flow.cpp'])]
                flags = ['-DCHECKED'] if os.getenv('CHECKED', '0') == '1' else []
                if os.getenv('WITH_OPS', '0') == '0':
                    return extensions
                from torch.utils.cpp_extension import CUDAExtension, CppExtension
                if torch.cuda.is_available() or os.getenv('FORCE_CUDA', '0') == '1':
                    sources, extension = glob.glob('./pkg/ops/*'), CUDAExtension
                else:
                    sources, extension = glob.glob('./pkg/ops/*.cpp'), CppExtension
                extensions.append(extension(name='pkg._ext', sources=sources, extra_compile_args={'cxx': flags}))
                return extensions
            setup(ext_modules=get_extensions())
        """,
            "pkg/flow.cpp": "",
            "pkg/ops/a.cpp": "",
            "pkg/ops/a_cuda.cu": "",
            "pkg/unrelated/b.cu": "",
        },
    )
    project = find_units(tmp_path)
    assert [(u.extension, u.name) for u in project.units] == [
        ("pkg._ext", "pkg/ops/a.cpp"),
        ("pkg._ext", "pkg/ops/a_cuda.cu"),
        ("pkg._flow", "pkg/flow.cpp"),
    ]


def test_the_arm_for_a_build_without_cuda_is_not_read(tmp_path):
    tree(
        tmp_path,
        {
            "setup.py": """
            import torch
            from torch.utils.cpp_extension import CppExtension, CUDAExtension
            if torch.has_cuda:
                exts = [CUDAExtension('pkg', ['a.cpp', 'a.cu'], define_macros=[('WITH_CUDA', 1)])]
            else:
                exts = [CppExtension('pkg', ['a.cpp'])]
        """,
            "a.cpp": "",
            "a.cu": "",
        },
    )
    assert [(u.name, u.defines) for u in find_units(tmp_path).units] == [("a.cpp", ("WITH_CUDA=1",)), ("a.cu", ("WITH_CUDA=1",))]


def test_a_switch_on_the_command_line_does_not_hide_the_cuda_arm(tmp_path):
    """As pytorch_spline_conv has it."""
    tree(
        tmp_path,
        {
            "setup.py": """
            from sys import argv
            from torch.utils.cpp_extension import CppExtension, CUDAExtension, CUDA_HOME
            exts = [CppExtension('a_cpu', ['a.cpp'])]
            GPU = True
            for arg in argv:
                if arg == '--cpu':
                    GPU = False
                    argv.remove(arg)
            if CUDA_HOME is not None and GPU:
                kind, sources = CUDAExtension, ['b.cpp']
                sources.append('b.cu')
                exts += [kind('b_cuda', sources)]
            if CUDA_HOME is None:
                exts += [CppExtension('c_cpu', ['c.cpp'])]
        """,
            **dict.fromkeys(("a.cpp", "b.cpp", "b.cu", "c.cpp"), ""),
        },
    )
    assert names(find_units(tmp_path)) == ["a.cpp", "b.cpp", "b.cu"]


def test_what_a_default_build_has_is_not_read_again_with_other_variables(tmp_path):
    tree(
        tmp_path,
        {
            "setup.py": """
            import os
            from torch.utils.cpp_extension import CUDAExtension
            defines = [('TRACE', None)] if os.environ.get('TRACE') else []
            exts = [CUDAExtension('a', ['a.cu'], define_macros=defines)]
            if os.environ.get('WITH_B', 'no') == 'yes':
                kind = CUDAExtension
                exts.append(kind('b', ['b.cu']))
        """,
            "a.cu": "",
            "b.cu": "",
        },
    )
    assert [(u.extension, u.name, u.defines) for u in find_units(tmp_path).units] == [("a", "a.cu", ()), ("b", "b.cu", ())]


def test_defines_chosen_by_the_torch_release(tmp_path):
    tree(
        tmp_path,
        {
            "setup.py": """
            import torch
            from torch.utils.cpp_extension import CUDAExtension
            TORCH_MAJOR = int(torch.__version__.split('.')[0])
            TORCH_MINOR = int(torch.__version__.split('.')[1])
            guard = ['-DVERSION_GE_1_3'] if (TORCH_MAJOR > 1) or (TORCH_MAJOR == 1 and TORCH_MINOR > 2) else []
            CUDAExtension('a', ['a.cu'], extra_compile_args={'cxx': [], 'nvcc': ['-O3'] + guard})
        """,
            "a.cu": "",
        },
    )
    assert find_units(tmp_path, "1.1.0").units[0].defines == ()
    assert find_units(tmp_path, "2.15.0").units[0].defines == ("VERSION_GE_1_3",)


def test_the_ffi_era(tmp_path):
    tree(
        tmp_path,
        {
            "build.py": """
            import os, torch
            from torch.utils.ffi import create_extension
            sources = ['src/roi.c']
            headers = ['src/roi.h']
            defines = []
            with_cuda = False
            if torch.cuda.is_available():
                sources += ['src/roi_cuda.c']
                defines += [('WITH_CUDA', None)]
                with_cuda = True
            this_file = os.path.dirname(os.path.realpath(__file__))
            extra_objects = [os.path.join(this_file, f) for f in ['src/cuda/kernel.cu.o']]
            ffi = create_extension('_ext.roi', headers=headers, sources=sources, define_macros=defines, relative_to=__file__, with_cuda=with_cuda, extra_objects=extra_objects)
        """,
            "src/roi.c": "",
            "src/roi_cuda.c": "",
            "src/roi.h": "",
            "src/cuda/kernel.cu": "",
            "build_second.py": """
            from torch.utils.ffi import create_extension
            ffi = create_extension('_ext.second', headers=[], sources=['src/second.c'], relative_to=__file__, extra_objects=['src/second.cu.so'])
        """,
            "src/second.c": "",
            "src/second.cu": "",
        },
    )
    assert names(find_units(tmp_path)) == ["src/cuda/kernel.cu", "src/roi.c", "src/roi_cuda.c", "src/second.c", "src/second.cu"]


def test_objects_of_an_unknown_name_are_made_of_the_kernels_there(tmp_path):
    tree(
        tmp_path,
        {
            "knn/build_ffi.py": """
            from os import path as osp
            from torch.utils.ffi import create_extension
            objects = [osp.join(osp.dirname(osp.realpath(__file__)), 'build/knn_kernel.so')]
            ffi = create_extension('knn_pytorch', headers=[], sources=['src/knn.c'], relative_to=__file__, with_cuda=True, extra_objects=objects)
        """,
            "knn/src/knn.c": "",
            "knn/src/knn_cuda_kernel.cu": '#include "distances.cu"',
            "knn/src/distances.cu": "",
            "elsewhere/other.cu": "",
        },
    )
    assert names(find_units(tmp_path)) == ["knn/src/knn.c", "knn/src/knn_cuda_kernel.cu"]


def test_load_inside_a_function(tmp_path):
    tree(
        tmp_path,
        {
            "net/op.py": """
            import os
            from torch.utils.cpp_extension import load
            def upfirdn():
                folder = os.path.dirname(__file__)
                return load('upfirdn', sources=[os.path.join(folder, 'k.cpp'), os.path.join(folder, 'k.cu')], extra_cuda_cflags=['--use_fast_math'])
        """,
            "net/k.cpp": "",
            "net/k.cu": "",
            "net/unrelated.py": "import json\njson.load(open('x'))\n",
        },
    )
    project = find_units(tmp_path)
    assert names(project) == ["net/k.cpp", "net/k.cu"]
    assert project.units[1].flags == ("--use_fast_math",)


def test_load_takes_its_paths_from_where_the_program_runs(tmp_path):
    (tmp_path / "app" / "ops").mkdir(parents=True)
    (tmp_path / "app" / "ops" / "near.cu").write_text("")
    load = 'from torch.utils.cpp_extension import load\nnear = load("near", ["ops/near.cu"], extra_include_paths=["ops"])\n'
    (tmp_path / "app" / "ops" / "near.py").write_text(load)
    (unit,) = find_units(tmp_path).units
    assert (unit.name, unit.include_dirs) == ("app/ops/near.cu", (Path("app/ops"),))


def test_two_folders_that_build_one_name_are_two_extensions(tmp_path):
    script = """
        from setuptools import setup
        from torch.utils.cpp_extension import CUDAExtension
        setup(name="ops", ext_modules=[CUDAExtension("ops", ["ops.cpp", "ops_cuda.cu"])])
    """
    tree(tmp_path, {f"{folder}/{name}": "" for folder in ("old", "new") for name in ("ops.cpp", "ops_cuda.cu")})
    tree(tmp_path, {"old/setup.py": script, "new/setup.py": script})
    project = find_units(tmp_path)
    assert {unit.name: unit.extension for unit in project.units} == {
        "new/ops.cpp": "ops",
        "new/ops_cuda.cu": "ops",
        "old/ops.cpp": "ops (old/setup.py)",
        "old/ops_cuda.cu": "ops (old/setup.py)",
    }
    assert {unit.module for unit in project.units} == {"ops"}


def test_two_scripts_for_the_same_sources_are_one_extension(tmp_path):
    script = """
        from setuptools import setup
        from torch.utils.cpp_extension import CUDAExtension
        setup(name="ops", ext_modules=[CUDAExtension("ops", ["ops.cpp", "ops_cuda.cu"])])
    """
    tree(tmp_path, {"ops.cpp": "", "ops_cuda.cu": "", "setup.py": script, "build_docker.py": script})
    assert {unit.extension for unit in find_units(tmp_path).units} == {"ops"}


def test_kernels_that_no_extension_has_are_named(tmp_path):
    (tmp_path / "setup.py").write_text('from torch.utils.cpp_extension import CUDAExtension\nCUDAExtension("a", ["bind.cpp"])\n')
    (tmp_path / "bind.cpp").write_text('#include "part.cu"\n')
    (tmp_path / "part.cu").write_text("")
    assert find_units(tmp_path).notes == []
    (tmp_path / "src").mkdir()
    for name in "abcd":
        (tmp_path / "src" / f"{name}.cu").write_text("")
    (note,) = find_units(tmp_path).notes
    assert note == "in no extension that was found, and not verified: src/a.cu, src/b.cu, src/c.cu and 1 more"


def test_load_compiles_c_as_cpp(tmp_path):
    tree(
        tmp_path,
        {
            "op.py": "from torch.utils.cpp_extension import load as load_extension\nload_extension('op', ['op.c'])\n",
            "op.c": "",
            "setup.py": "from torch.utils.cpp_extension import CppExtension\nCppExtension('plain', ['plain.c'])\n",
            "plain.c": "",
        },
    )
    assert {u.name: u.is_c for u in find_units(tmp_path).units} == {"op.c": False, "plain.c": True}


def test_a_script_that_makes_its_list_at_run_time_falls_back_to_the_folder(tmp_path):
    tree(
        tmp_path,
        {
            "setup.py": "import secrets_of_mine\nfrom torch.utils.cpp_extension import CUDAExtension\nCUDAExtension('a', secrets_of_mine.sources())\n",
            "a.cu": '#include "part.cu"\n',
            "part.cu": "",
            "b.cpp": "",
        },
    )
    project = find_units(tmp_path)
    assert names(project) == ["a.cu", "b.cpp"]
    assert "made at run time" in project.notes[0]


def test_python_2_falls_back_to_the_folder(tmp_path):
    tree(tmp_path, {"setup.py": "print 'hello'\n", "a.cu": ""})
    project = find_units(tmp_path)
    assert names(project) == ["a.cu"] and "not Python 3" in project.notes[0]


def test_a_build_script_of_any_name(tmp_path):
    tree(
        tmp_path,
        {
            "utils/build_ffi.py": """
            import glob
            from setuptools import setup
            from torch.utils.cpp_extension import BuildExtension, CUDAExtension
            def build():
                ext = CUDAExtension("_ext.ops", sources=glob.glob("csrc/*.cu"), include_dirs=["include"])
                setup(name="ops", ext_modules=[ext], cmdclass={"build_ext": BuildExtension})
            if __name__ == "__main__":
                build()
        """,
            "utils/csrc/a.cu": "",
            "utils/include/a.h": "",
            "other/b.cu": "",
        },
    )
    project = find_units(tmp_path)
    assert names(project) == ["utils/csrc/a.cu"]
    assert project.units[0].include_dirs == (Path("utils/include"),)


@pytest.mark.parametrize(
    "chosen",
    [
        "extension = CUDAExtension if cuda else CppExtension\nextension(",
        "extension = CppExtension\nif cuda:\n    extension = CUDAExtension\nextension(",
        "(CUDAExtension if cuda else CppExtension)(",
    ],
)
def test_a_build_script_of_any_name_that_chooses_its_extension(tmp_path, chosen):
    script = (
        "import torch\nfrom torch.utils.cpp_extension import CppExtension, CUDAExtension\ncuda = torch.cuda.is_available()\n"
        f"{chosen}'op', ['src/op.cpp'] + (['src/op_kernel.cu'] if cuda else []))\n"
    )
    tree(tmp_path, {"setup-op.py": script, "src/op.cpp": "", "src/op_kernel.cu": ""})
    assert {unit.name for unit in find_units(tmp_path).units} == {"src/op.cpp", "src/op_kernel.cu"}
    assert not find_units(tmp_path).notes


def test_a_plain_folder_leaves_out_what_is_included(tmp_path):
    tree(
        tmp_path,
        {
            "a.cu": '#include "generic/b.cu"\n',
            "generic/b.cu": "",
            "c.c": "",
            "d.cpp": '#include "c.c"\n',
            "h.h": '#include "e.cpp"\n',
            "e.cpp": "",
        },
    )
    assert names(find_units(tmp_path)) == ["a.cu", "d.cpp"]


def test_cmake_lists(tmp_path):
    tree(
        tmp_path,
        {
            "CMakeLists.txt": """
            project(ops)   # add_library(commented out.cpp)
            set(SRC src/a.cpp)
            list(APPEND SRC ${CMAKE_CURRENT_SOURCE_DIR}/src/b.cu)
            file(GLOB MORE src/more/*.cu)
            add_library(${PROJECT_NAME} SHARED ${SRC} ${MORE})
            target_include_directories(ops PRIVATE src)
            add_definitions(-DWITH_CUDA)
        """,
            "src/a.cpp": "",
            "src/b.cu": "",
            "src/more/c.cu": "",
        },
    )
    project = find_units(tmp_path)
    assert names(project) == ["src/a.cpp", "src/b.cu", "src/more/c.cu"]
    assert project.units[0].defines == ("WITH_CUDA",) and project.units[0].include_dirs == (Path("src"),)


def test_one_source_alone(tmp_path):
    tree(tmp_path, {"a.cu": ""})
    assert names(find_units(tmp_path / "a.cu")) == ["a.cu"]


@pytest.mark.parametrize("path", ["missing", "empty", "empty/readme.txt"])
def test_nothing_to_verify_is_one_clear_line(tmp_path, path):
    tree(tmp_path, {"empty/readme.txt": ""})
    with pytest.raises(UnitsError) as error:
        find_units(tmp_path / path)
    assert "\n" not in str(error.value)


def test_a_script_without_end_is_given_up(tmp_path):
    tree(
        tmp_path,
        {
            "setup.py": """
            from torch.utils.cpp_extension import CUDAExtension
            def f(n): return f(n + 1) + f(n + 2)
            x = [a for a in range(1000) for b in range(1000) for c in range(1000)]
            while True: pass
            CUDAExtension('a', ['a.cu'] if f(0) else ['a.cu'])
        """,
            "a.cu": "",
        },
    )
    assert names(find_units(tmp_path)) == ["a.cu"]


def test_flags_are_parted(tmp_path):
    (tmp_path / "inc").mkdir()
    parted = sort_flags(
        ["-DA", "-D B=1", "-I", "inc", "--expt-extended-lambda", "-O3", "-Xcompiler", "-fopenmp", "-std=c++14"], tmp_path, tmp_path
    )
    assert parted.defines == ("A", "B=1") and parted.include_dirs == (Path("inc"),) and parted.kept == ("--expt-extended-lambda",)
    assert parted.other == ("-O3", "-Xcompiler -fopenmp", "-std=c++14")
