/* SPDX-License-Identifier: MIT */
/*
 * async_file.cc - files through aio, on Node's own event task; aio/native.ts declares it.
 *
 * Opening and closing may block, so libuv's workers do them. An operation is submitted on Node's
 * task and completes there, which calls JavaScript. It holds its buffers and its file until then.
 *
 * When the environment ends, what is in flight is waited for, as the system writes into its
 * buffers; no JavaScript is called then.
 */
#include "node_task.h"

#include <cstdlib>
#include <cstring>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

extern "C" {
#include "aio.h"
}

namespace {

struct JsFile;

/* Of a thread's environment. */
struct Home : NodeTaskUser {
	NodeTask *node = nullptr;
	bool ending = false;
	std::set<JsFile *> files;

	static Home &of(Napi::Env env)
	{
		static thread_local Home home;

		if (!home.node) {
			auto &node = NodeTask::of(env);
			int rc = aio_task_init(node.task());

			if (rc < 0)
				throw sys_error(env, rc, "aio_task_init");
			home.node = &node;
			node.add_user(&home);
		}
		return home;
	}

	void environment_ends() override;
};

struct JsOp {
	struct aio_op op = {};
	JsFile *file;
	uint32_t id;
	std::vector<struct iovec> iov;
	Napi::ObjectReference buffers;
	Napi::FunctionReference done;
};

Napi::Number number(Napi::Env env, double value) { return Napi::Number::New(env, value); }

/* Calls done(rc, why) when @work has been done by a worker. */
class Worker : public Napi::AsyncWorker {
public:
	Worker(const Napi::Function &done, const char *name) : Napi::AsyncWorker(done, name) {}
	int rc = 0;
	std::string why;
};

struct JsFile : Napi::ObjectWrap<JsFile> {
	Home *home;
	struct aio_file *file = nullptr;
	uint32_t next_id = 0;
	std::unordered_map<uint32_t, JsOp *> ops;

	static Napi::Function define(Napi::Env env)
	{
		return DefineClass(env, "NativeAsyncFile", {
			InstanceMethod<&JsFile::open>("open"),
			InstanceMethod<&JsFile::submit>("submit"),
			InstanceMethod<&JsFile::cancel>("cancel"),
			InstanceMethod<&JsFile::cancel_all>("cancelAll"),
			InstanceMethod<&JsFile::close>("close"),
			InstanceMethod<&JsFile::info>("info"),
			InstanceMethod<&JsFile::refresh>("refresh"),
		});
	}

	explicit JsFile(const Napi::CallbackInfo &info)
		: Napi::ObjectWrap<JsFile>(info), home(&Home::of(info.Env()))
	{
		home->files.insert(this);
	}

	~JsFile() override
	{
		home->files.erase(this);
		forget();
	}

	/* Not closed, and not in use, as operations hold it. Its sync may block. */
	void forget()
	{
		if (file)
			std::thread([file = file] { aio_file_close(file); }).detach();
		file = nullptr;
	}

	struct Open : Worker {
		JsFile *js;
		bool has_path, has_provider;
		std::string path, provider;
		struct aio_open_options options = {};

		Open(JsFile *js, const Napi::CallbackInfo &info)
			: Worker(info[2].As<Napi::Function>(), "aio_file_open"), js(js)
		{
			auto given = info[1].As<Napi::Object>();
			auto count = [&](const char *name) {
				return static_cast<uint64_t>(given.Get(name).As<Napi::Number>().DoubleValue());
			};
			auto flag = [&](const char *name) { return given.Get(name).As<Napi::Boolean>().Value(); };

			has_path = info[0].IsString();
			path = has_path ? info[0].As<Napi::String>().Utf8Value() : "";
			has_provider = given.Get("provider").IsString();
			provider = has_provider ? given.Get("provider").As<Napi::String>().Utf8Value() : "";
			options.direct = flag("direct");
			options.read_only = flag("readOnly");
			options.create = flag("create");
			options.size = count("size");
			options.max_in_flight = static_cast<unsigned int>(count("maxInFlight"));
			options.min_in_flight = static_cast<unsigned int>(count("minInFlight"));
			options.max_per_dispatch = static_cast<unsigned int>(count("maxPerDispatch"));
			js->Ref();
		}

		void Execute() override
		{
			const char *text = "";

			options.provider = has_provider ? provider.c_str() : nullptr;
			rc = aio_file_open(has_path ? path.c_str() : nullptr, &options, &js->file, &text);
			why = text;
		}

		void OnOK() override
		{
			Callback().Call({ number(Env(), rc), Napi::String::New(Env(), why) });
			js->Unref();
		}
	};

	struct Close : Worker {
		JsFile *js;
		struct aio_file *file;

		Close(JsFile *js, const Napi::CallbackInfo &info)
			: Worker(info[0].As<Napi::Function>(), "aio_file_close"), js(js), file(js->file)
		{
			js->file = nullptr;
			js->Ref();
			js->home->node->hold();		/* its lane is retired by a turn of Node's */
		}

		void Execute() override { rc = aio_file_close(file); }

		void OnOK() override
		{
			js->home->node->drop();
			Callback().Call({ number(Env(), rc), Napi::String::New(Env(), "") });
			js->Unref();
		}
	};

	/* open(path | null, options, done: (rc, why) => void): once */
	Napi::Value open(const Napi::CallbackInfo &info)
	{
		(new Open(this, info))->Queue();
		return info.Env().Undefined();
	}

	/* close(done: (rc, why) => void): once, after open; when what was submitted has completed */
	Napi::Value close(const Napi::CallbackInfo &info)
	{
		(new Close(this, info))->Queue();
		return info.Env().Undefined();
	}

	static void completed(struct aio_op *aio_op)
	{
		auto *op = static_cast<JsOp *>(aio_op->env);
		JsFile *js = op->file;

		if (js->home->ending) {
			/* The references go with the environment. */
			op->buffers.SuppressDestruct();
			op->done.SuppressDestruct();
			delete op;
			return;
		}
		Napi::HandleScope scope(js->Env());
		NodeTask *node = js->home->node;

		js->ops.erase(op->id);
		node->drop();
		node->call(op->done, { number(js->Env(), static_cast<double>(op->op.result)) });
		delete op;
		js->Unref();
	}

	/* submit(opcode, fua, offset, size, buffers: Uint8Array[], done: (result) => void): number */
	Napi::Value submit(const Napi::CallbackInfo &info)
	{
		auto env = info.Env();
		auto buffers = info[4].As<Napi::Array>();
		auto op = std::make_unique<JsOp>();
		uint32_t count = buffers.Length();

		if (!file || home->ending)
			return number(env, -EBADF);
		op->file = this;
		op->iov.reserve(count);
		for (uint32_t i = 0; i < count; i++) {
			auto bytes = buffers.Get(i).As<Napi::Uint8Array>();

			op->iov.push_back({ bytes.Data(), bytes.ByteLength() });
		}
		op->buffers = Napi::Persistent(buffers.As<Napi::Object>());
		op->done = Napi::Persistent(info[5].As<Napi::Function>());
		op->op.file = file;
		op->op.opcode = static_cast<enum aio_opcode>(info[0].As<Napi::Number>().Uint32Value());
		op->op.flags = info[1].As<Napi::Boolean>().Value() ? AIO_FUA : 0;
		op->op.offset = static_cast<uint64_t>(info[2].As<Napi::Number>().DoubleValue());
		op->op.size = static_cast<uint64_t>(info[3].As<Napi::Number>().DoubleValue());
		op->op.iov = op->iov.data();
		op->op.niov = count;
		op->op.fn = completed;
		op->op.env = op.get();
		do
			op->id = next_id++ & 0x7fffffff;
		while (ops.count(op->id));
		ops[op->id] = op.get();
		Ref();
		home->node->hold();
		aio_submit(&op->op);
		return number(env, op.release()->id);
	}

	/* cancel(id): boolean */
	Napi::Value cancel(const Napi::CallbackInfo &info)
	{
		auto found = ops.find(info[0].As<Napi::Number>().Uint32Value());

		return Napi::Boolean::New(info.Env(), found != ops.end() && aio_cancel(&found->second->op));
	}

	Napi::Value cancel_all(const Napi::CallbackInfo &info)
	{
		return number(info.Env(), file ? aio_cancel_file(file) : 0);
	}

	Napi::Value info(const Napi::CallbackInfo &info)
	{
		auto env = info.Env();
		auto out = Napi::Object::New(env);
		unsigned int memory;

		out.Set("alignment", number(env, aio_file_alignment(file, &memory)));
		out.Set("memoryAlignment", number(env, memory));
		out.Set("provider", Napi::String::New(env, aio_file_provider(file)));
		out.Set("isBlockDevice", Napi::Boolean::New(env, aio_file_is_block(file)));
		out.Set("size", number(env, static_cast<double>(aio_file_size(file))));
		return out;
	}

	/* refresh(): the size, or -errno */
	Napi::Value refresh(const Napi::CallbackInfo &info)
	{
		int rc = file ? aio_file_refresh(file) : -EBADF;

		return number(info.Env(), rc ? rc : static_cast<double>(aio_file_size(file)));
	}
};

void Home::environment_ends()
{
	ending = true;
	aio_task_fini(node->task());
	for (JsFile *file : files)
		file->forget();
}

/* alignedBuffer(bytes, alignment): zeroed */
Napi::Value aligned_buffer(const Napi::CallbackInfo &info)
{
	auto bytes = static_cast<size_t>(info[0].As<Napi::Number>().DoubleValue());
	auto alignment = static_cast<size_t>(info[1].As<Napi::Number>().DoubleValue());
	size_t room = (bytes + alignment - 1) / alignment * alignment;
	void *memory = std::aligned_alloc(alignment, room ? room : alignment);

	if (!memory)
		throw sys_error(info.Env(), ENOMEM, "aligned_alloc");
	std::memset(memory, 0, bytes);
	return Napi::Buffer<uint8_t>::New(info.Env(), static_cast<uint8_t *>(memory), bytes,
					  [](Napi::Env, uint8_t *memory) { std::free(memory); });
}

/* aioProviders(): { name, error: 0 or -errno }[] */
Napi::Value providers(const Napi::CallbackInfo &info)
{
	auto env = info.Env();
	auto out = Napi::Array::New(env);
	const char *name;
	int err;

	for (unsigned int i = 0; !aio_provider_get(i, &name, &err); i++) {
		auto one = Napi::Object::New(env);

		one.Set("name", Napi::String::New(env, name));
		one.Set("error", number(env, err));
		out.Set(i, one);
	}
	return out;
}

/* aioPrefer(name | null): [rc, why] */
Napi::Value prefer(const Napi::CallbackInfo &info)
{
	auto env = info.Env();
	auto out = Napi::Array::New(env);
	std::string name = info[0].IsString() ? info[0].As<Napi::String>().Utf8Value() : "";
	const char *why = "";

	out.Set(0u, number(env, aio_provider_prefer(info[0].IsString() ? name.c_str() : nullptr, &why)));
	out.Set(1u, Napi::String::New(env, why));
	return out;
}

} // namespace

void register_async_file(Napi::Env env, Napi::Object exports)
{
	exports.Set("NativeAsyncFile", JsFile::define(env));
	exports.Set("alignedBuffer", Napi::Function::New(env, aligned_buffer));
	exports.Set("aioProviders", Napi::Function::New(env, providers));
	exports.Set("aioPrefer", Napi::Function::New(env, prefer));
}
