# One shared library (shim + aio + kernel-api), the addon, the target's modules, and the C test binaries.
#
# Two flavours of C: "host" sees libc, "kernel" sees only kernel-api/include.
# Sanitizers: node scripts/build.mjs --san=address|thread builds all of it a second time, elsewhere.
{
  'variables': {
    'san%': 'none',
    'gcc_include': '<!(${CC:-gcc} -print-file-name=include)',
    'kernel_cflags': [
      '-std=gnu11', '-nostdinc', '-isystem', '<(gcc_include)', '-include', 'linux/compiler_types.h', '-D__KERNEL__',
      '-fno-strict-aliasing', '-fno-strict-overflow', '-fno-delete-null-pointer-checks', '-fshort-wchar',
      '-fno-builtin-printf', '-Wno-sign-compare', '-Wno-unused-parameter', '-Wno-missing-field-initializers',
      '-Wno-type-limits',
    ],
    # Of libring3: its thread-local data is at a fixed place, so that no access to it is a call.
    'library_cflags': ['-ftls-model=initial-exec'],
    'host_cflags': ['-std=gnu11', '-D_GNU_SOURCE', '-Wno-missing-field-initializers'],
  },
  'target_defaults': {
    'cflags': ['-g', '-Wall', '-Wextra', '-Werror', '-fno-omit-frame-pointer', '-fPIC'],
    'cflags_cc': ['-std=gnu++17'],
    'default_configuration': 'Release',
    'configurations': {
      'Release': { 'cflags!': ['-O3'], 'cflags': ['-O2'] },
      'Debug': { 'defines': ['DEBUG=1'] },
    },
    'conditions': [
      ['san=="address"', {
        'cflags': ['-fsanitize=address,undefined', '-fno-sanitize-recover=undefined', '-fno-sanitize=alignment'],
        'ldflags': ['-fsanitize=address,undefined'],
      }],
      ['san=="thread"', {
        'cflags': ['-fsanitize=thread', '--param=tsan-distinguish-volatile=1', '-Wno-tsan'],
        'ldflags': ['-fsanitize=thread'],
      }],
    ],
  },
  'targets': [
    {
      'target_name': 'host',
      'type': 'static_library',
      'sources': ['<!@(ls shim/src/*.c shim/diag/src/*.c aio/src/*.c kernel-api/src/host/*.c)'],
      # kernel-api/include goes last of all: host code means libc when it says <linux/falloc.h>.
      'include_dirs': ['shim/include', 'shim/diag/include', 'aio/include', 'kernel-api/src'],
      'cflags': ['<@(library_cflags)', '<@(host_cflags)', '-iquote', '<(module_root_dir)/kernel-api/include'],
    },
    {
      'target_name': 'kernel',
      'type': 'static_library',
      'sources': ['<!@(ls kernel-api/src/*.c)'],
      'include_dirs': ['kernel-api/include', 'kernel-api/src', 'shim/include', 'shim/diag/include'],
      'cflags': ['<@(library_cflags)', '<@(kernel_cflags)', '-fvisibility=hidden'],
    },
    {
      'target_name': 'ring3',
      'type': 'shared_library',
      'product_prefix': 'lib',
      'dependencies': ['host', 'kernel'],
      'sources': [],
      'ldflags': ['-Wl,-soname,libring3.so', '-Wl,-z,nodelete'],
      # gyp links the archives a shared library depends on whole.
      'libraries': ['-lpthread', '-ldl', '-lm'],
    },
    {
      'target_name': 'ring3_node',
      'dependencies': ['ring3'],
      'sources': ['<!@(ls shim/binding/*.cc)'],
      'include_dirs': ['shim/include', 'shim/diag/include', 'aio/include', '<!(node -p "require(\'node-addon-api\').include_dir")'],
      # A worker that is being terminated takes no exception: swallow it, do not end the process.
      'defines': ['NAPI_VERSION=8', 'NODE_ADDON_API_CPP_EXCEPTIONS', 'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS'],
      'cflags_cc!': ['-fno-exceptions'],
      'cflags_cc': ['-fexceptions', '-Wno-cast-function-type', '-Wno-invalid-offsetof', '-Wno-missing-field-initializers'],
      # A worker that loaded it alone would unload it, and the handlers of signals with it.
      'ldflags': ["-Wl,-rpath,'$$ORIGIN'", '-Wl,-z,nodelete'],
    },

    {
      # A host for modules under a debugger or a sanitizer; `ring3 kunit` runs it.
      'target_name': 'ring3-run',
      'type': 'executable',
      'dependencies': ['ring3'],
      'sources': ['kernel-api/run/main.c'],
      'cflags': ['<@(host_cflags)', '-iquote', '<(module_root_dir)/kernel-api/include', '-I<(module_root_dir)/shim/diag/include'],
      'ldflags': ["-Wl,-rpath,'$$ORIGIN'"],
      'libraries': ['-lpthread'],
    },

    # The target, hosted as any module is: NAME.ko.so, linked against libring3.so and nothing else.
    {
      'target_name': 'scst.ko',
      'type': 'shared_library',
      'includes': ['scripts/gyp/module.gypi'],
      'sources': ['<!@(ls scst-port/kernel/scst/*.c)'],
    },
    {
      'target_name': 'scst_vdisk.ko',
      'type': 'shared_library',
      'includes': ['scripts/gyp/module.gypi'],
      'dependencies': ['scst.ko'],
      'sources': ['<!@(ls scst-port/kernel/handlers/*.c)'],
    },
    {
      'target_name': 'iscsi_scst.ko',
      'type': 'shared_library',
      'includes': ['scripts/gyp/module.gypi'],
      'dependencies': ['scst.ko'],
      'sources': ['<!@(ls scst-port/kernel/iscsi/*.c)'],
    },

    # What npm run bench:aio runs.
    {
      'target_name': 'aio-bench',
      'type': 'executable',
      'dependencies': ['ring3'],
      'sources': ['scripts/bench-aio.c'],
      'include_dirs': ['shim/include', 'aio/include', 'aio/src'],
      'cflags': ['<@(host_cflags)'],
      'ldflags': ["-Wl,-rpath,'$$ORIGIN'"],
      'libraries': ['-lpthread'],
    },

    # C tests, a binary per room. The harness and host tests see libc; kernel tests do not.
    {
      'target_name': 'harness',
      'type': 'static_library',
      'sources': ['test/c/harness.c'],
      'cflags': ['<@(host_cflags)'],
    },
    {
      'target_name': 'shim-test',
      'type': 'executable',
      'includes': ['scripts/gyp/test.gypi'],
      'sources': ['<!@(ls test/c/shim/*.c)'],
      'include_dirs': ['shim/include', 'aio/include', 'shim/src'],
      'cflags': ['<@(host_cflags)'],
    },
    {
      # A module with planted bugs, for the tests of diagnostics.
      'target_name': 'diag_victim.ko',
      'type': 'shared_library',
      'includes': ['scripts/gyp/module.gypi'],
      'sources': ['test/diag/module/diag_victim.c'],
    },
    {
      # An addon and a program with planted bugs, for the tests of diagnostics.
      'target_name': 'diag_victim_node',
      'dependencies': ['ring3'],
      'sources': ['test/diag/victims/pool.c', 'test/diag/victims/native.c'],
      'include_dirs': ['shim/include', 'shim/diag/include', 'aio/include'],
      'cflags': ['<@(host_cflags)'],
      'ldflags': ["-Wl,-rpath,'$$ORIGIN'"],
    },
    {
      'target_name': 'diag_victim',
      'type': 'executable',
      'dependencies': ['ring3'],
      'sources': ['test/diag/victims/native_main.c', 'test/diag/victims/native.c'],
      'include_dirs': ['shim/include', 'shim/diag/include', 'aio/include'],
      'cflags': ['<@(host_cflags)'],
      'ldflags': ["-Wl,-rpath,'$$ORIGIN'"],
      'libraries': ['-lpthread'],
    },
    {
      'target_name': 'diag-test',
      'type': 'executable',
      'includes': ['scripts/gyp/test.gypi'],
      'sources': ['<!@(ls test/c/diag/*.c)'],
      'include_dirs': ['shim/include', 'shim/diag/include', 'shim/diag/src', 'aio/include', 'test/c/diag'],
      'dependencies': ['diag_victim.ko'],
      'cflags': ['<@(host_cflags)', '-iquote', '<(module_root_dir)/kernel-api/include'],
    },
    {
      'target_name': 'aio-test',
      'type': 'executable',
      'includes': ['scripts/gyp/test.gypi'],
      'sources': ['<!@(ls test/c/aio/*.c)'],
      'include_dirs': ['shim/include', 'aio/include', 'aio/src'],
      'cflags': ['<@(host_cflags)'],
    },

    # Modules that the module host is tested with, good ones and bad ones; loaded, never linked.
    {
      'target_name': 'fix_modules',
      'type': 'none',
      'dependencies_traverse': 0,
      'dependencies': [
        'fix_demo.ko', 'fix_user.ko', 'fix_closed.ko', 'fix_twice.ko', 'fix_missing.ko', 'fix_unlicensed.ko',
        'fix_fails.ko', 'fix_stays.ko', 'fix_crash.ko', 'fix_old.ko', 'fix_plain.ko', 'fix_sanitized.ko',
        'fix_tree.ko', 'fix_uevent.ko', 'fix_kmod.ko',
      ],
    },
    {
      'target_name': 'fix_demo.ko',
      'type': 'shared_library',
      'includes': ['scripts/gyp/module.gypi'],
      'sources': ['test/c/kernel-api/modules/fix_demo.c'],
    },
    {
      'target_name': 'fix_user.ko',
      'type': 'shared_library',
      'includes': ['scripts/gyp/module.gypi'],
      'sources': ['test/c/kernel-api/modules/fix_user.c'],
    },
    {
      'target_name': 'fix_closed.ko',
      'type': 'shared_library',
      'includes': ['scripts/gyp/module.gypi'],
      'sources': ['test/c/kernel-api/modules/fix_closed.c'],
    },
    {
      'target_name': 'fix_twice.ko',
      'type': 'shared_library',
      'includes': ['scripts/gyp/module.gypi'],
      'sources': ['test/c/kernel-api/modules/fix_twice.c'],
    },
    {
      'target_name': 'fix_missing.ko',
      'type': 'shared_library',
      'includes': ['scripts/gyp/module.gypi'],
      'sources': ['test/c/kernel-api/modules/fix_missing.c'],
    },
    {
      'target_name': 'fix_unlicensed.ko',
      'type': 'shared_library',
      'includes': ['scripts/gyp/module.gypi'],
      'sources': ['test/c/kernel-api/modules/fix_unlicensed.c'],
    },
    {
      'target_name': 'fix_fails.ko',
      'type': 'shared_library',
      'includes': ['scripts/gyp/module.gypi'],
      'sources': ['test/c/kernel-api/modules/fix_fails.c'],
    },
    {
      'target_name': 'fix_stays.ko',
      'type': 'shared_library',
      'includes': ['scripts/gyp/module.gypi'],
      'sources': ['test/c/kernel-api/modules/fix_stays.c'],
    },
    {
      'target_name': 'fix_crash.ko',
      'type': 'shared_library',
      'includes': ['scripts/gyp/module.gypi'],
      'sources': ['test/c/kernel-api/modules/fix_crash.c'],
    },
    {
      'target_name': 'fix_old.ko',
      'type': 'shared_library',
      'includes': ['scripts/gyp/module.gypi'],
      'sources': ['test/c/kernel-api/modules/fix_old.c'],
    },
    {
      'target_name': 'fix_sanitized.ko',
      'type': 'shared_library',
      'includes': ['scripts/gyp/module.gypi'],
      'sources': ['test/c/kernel-api/modules/fix_sanitized.c'],
    },
    {
      'target_name': 'fix_plain.ko',
      'type': 'shared_library',
      'includes': ['scripts/gyp/module.gypi'],
      'sources': ['test/c/kernel-api/modules/fix_plain.c'],
    },
    {
      'target_name': 'fix_tree.ko',
      'type': 'shared_library',
      'includes': ['scripts/gyp/module.gypi'],
      'sources': ['test/c/kernel-api/modules/fix_tree.c'],
    },
    {
      'target_name': 'fix_uevent.ko',
      'type': 'shared_library',
      'includes': ['scripts/gyp/module.gypi'],
      'sources': ['test/c/kernel-api/modules/fix_uevent.c'],
    },
    {
      'target_name': 'fix_kmod.ko',
      'type': 'shared_library',
      'includes': ['scripts/gyp/module.gypi'],
      'sources': ['test/c/kernel-api/modules/fix_kmod.c'],
    },
    {
      # Loads the fix_ modules, which lie beside it.
      'target_name': 'kernel-api-test',
      'type': 'executable',
      'includes': ['scripts/gyp/test.gypi'],
      'dependencies': ['fix_modules'],
      'sources': ['<!@(ls test/c/kernel-api/*.c)'],
      'include_dirs': ['kernel-api/include', 'kernel-api/src'],
      'cflags': ['<@(kernel_cflags)'],
      'ldflags': ['-Wl,-T,<(module_root_dir)/kernel-api/module.lds'],
    },
    {
      # Loads the target's modules, which lie beside it.
      'target_name': 'scst-test',
      'type': 'executable',
      'includes': ['scripts/gyp/test.gypi'],
      'dependencies': ['scst.ko', 'scst_vdisk.ko', 'iscsi_scst.ko'],
      'sources': ['<!@(ls test/c/scst/*.c test/c/scst/fuzz/*.c)'],
      'include_dirs': ['kernel-api/include', 'test/c/scst', 'scst-port/kernel/include', 'scst-port/kernel/iscsi'],
      'cflags': ['<@(kernel_cflags)'],
    },
  ],
}
