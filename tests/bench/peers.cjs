// peers.cjs - measures tokenizers of the npm registry on documents that end with NUL, in one process, without start-up.
// usage: NODE_PATH=DIR/node_modules node peers.cjs FILE, after `npm install --prefix DIR tiktoken gpt-tokenizer`.
// Prints a row for each that is installed: MB/s by the processor's seconds, and bytes per token.
const fs = require('fs');

const documents = fs.readFileSync(process.argv[2]).toString('utf8').split('\0').slice(0, -1);
const bytes = documents.reduce((sum, d) => sum + Buffer.byteLength(d), 0);
const seconds = () => (({ user, system }) => (user + system) / 1e6)(process.cpuUsage());

const peers = {
	'tiktoken (npm, WebAssembly), cl100k_base': () => {
		const encoding = require('tiktoken').get_encoding('cl100k_base');
		return (d) => encoding.encode_ordinary(d).length;
	},
	'gpt-tokenizer (npm, JavaScript), cl100k_base': () => {
		const { encode } = require('gpt-tokenizer/encoding/cl100k_base');
		return (d) => encode(d).length;
	},
};

for (const [name, make] of Object.entries(peers)) {
	let count = 0, encode;
	try {
		encode = make();
	} catch {
		console.log(`${name}: not installed`);
		continue;
	}
	const start = seconds();
	for (const d of documents) count += encode(d);
	console.log(`${name}: ${(bytes / (seconds() - start) / 1e6).toFixed(1)} MB/s, ${(bytes / count).toFixed(2)} bytes/token`);
}
