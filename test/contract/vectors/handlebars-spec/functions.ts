// @ts-nocheck
// Every "javascript" of the files beside this one, written out: the runtime that the templates run in
// evaluates no code. The test compares each function's text with its key. `Handlebars`, `equals` and
// `global` are what the originals find in their test's surroundings.
export function functionsWith(
  Handlebars: object,
  equals: (a: unknown, b: unknown) => void,
): Record<string, (...args: unknown[]) => unknown> {
  let value;
  const global = {
    get value() {
      return value;
    },
    set value(next) {
      value = next;
    },
  };
  return {
"function (_undefined, _null, options) {\n            return (_undefined === undefined) + ' ' + (_null === null) + ' ' + (typeof options);\n          }":
function (_undefined, _null, options) {
            return (_undefined === undefined) + ' ' + (_null === null) + ' ' + (typeof options);
          },
"function () {\n            return 'undefined!';\n          }":
function () {
            return 'undefined!';
          },
"function () {\n            return 'null!';\n          }":
function () {
            return 'null!';
          },
"function () { return new Handlebars.SafeString('&\\'\\\\<>'); }":
function () { return new Handlebars.SafeString('&\'\\<>'); },
"function () { return 'Awesome'; }":
function () { return 'Awesome'; },
"function () { return this.more; }":
function () { return this.more; },
"function (context) { return context; }":
function (context) { return context; },
"function (context, options) { return options.fn(context); }":
function (context, options) { return options.fn(context); },
"function (options) {\n        return options.fn(this);\n      }":
function (options) {
        return options.fn(this);
      },
"function () { return this; }":
function () { return this; },
"function (value) {\n        return 'bar ' + value;\n    }":
function (value) {
        return 'bar ' + value;
    },
"function (value) { return value; }":
function (value) { return value; },
"function (arg) { return 'bar' + arg; }":
function (arg) { return 'bar' + arg; },
"function () { return 'bar'; }":
function () { return 'bar'; },
"function (arg) { return arg; }":
function (arg) { return arg; },
"function (options) {\n          return options.fn.run;\n        }":
function (options) {
          return options.fn.run;
        },
"function (fn) {\n          fn.run = 'success';\n          return fn;\n        }":
function (fn) {
          fn.run = 'success';
          return fn;
        },
"function (options) {\n          return options.fn() + options.fn.run;\n        }":
function (options) {
          return options.fn() + options.fn.run;
        },
"function (fn) {\n          fn.run = 'cess';\n        }":
function (fn) {
          fn.run = 'cess';
        },
"function (fn, props, container, options) {\n          fn.run = options.fn();\n          return fn;\n        }":
function (fn, props, container, options) {
          fn.run = options.fn();
          return fn;
        },
"function (fn, props, container, options) {\n          fn.run = options.fn.nested + options.fn();\n          return fn;\n        }":
function (fn, props, container, options) {
          fn.run = options.fn.nested + options.fn();
          return fn;
        },
"function (fn, props, container, options) {\n          props.nested = options.fn();\n        }":
function (fn, props, container, options) {
          props.nested = options.fn();
        },
"function (fn, props, container, options) {\n          fn.run = (fn.run || '') + options.fn();\n          return fn;\n        }":
function (fn, props, container, options) {
          fn.run = (fn.run || '') + options.fn();
          return fn;
        },
"function (fn, props, container, options) {\n          fn.run = options.args;\n          return fn;\n        }":
function (fn, props, container, options) {
          fn.run = options.args;
          return fn;
        },
"function (fn, props, container, options) {\n          equals(options.args[0], 'success');\n          run = true;\n          return fn;\n        }":
function (fn, props, container, options) {
          equals(options.args[0], 'success');
          run = true;
          return fn;
        },
"function (fn, props, container, options) {\n          equals(options.args[0], undefined);\n          global.run = true;\n          return fn;\n        }":
function (fn, props, container, options) {
          equals(options.args[0], undefined);
          global.run = true;
          return fn;
        },
"function () {\n        return true;\n      }":
function () {
        return true;
      },
"function () {return this.world; }":
function () {return this.world; },
"function () { return false; }":
function () { return false; },
"function () {return this.foo; }":
function () {return this.foo; },
"function () { return {first: 'Alan', last: 'Johnson'}; }":
function () { return {first: 'Alan', last: 'Johnson'}; },
"function(options) { return options.data && options.data.exclaim; }":
function(options) { return options.data && options.data.exclaim; },
"function () { return [{text: 'goodbye'}, {text: 'Goodbye'}, {text: 'GOODBYE'}]; }":
function () { return [{text: 'goodbye'}, {text: 'Goodbye'}, {text: 'GOODBYE'}]; },
"function (options) {\n        return options.data.adjective + ' ' + this.noun;\n      }":
function (options) {
        return options.data.adjective + ' ' + this.noun;
      },
"function (options) {\n        var frame = Handlebars.createFrame(options.data);\n        for (var prop in options.hash) {\n          if (prop in options.hash) {\n            frame[prop] = options.hash[prop];\n          }\n        }\n        return options.fn(this, {data: frame});\n      }":
function (options) {
        var frame = Handlebars.createFrame(options.data);
        for (var prop in options.hash) {
          if (prop in options.hash) {
            frame[prop] = options.hash[prop];
          }
        }
        return options.fn(this, {data: frame});
      },
"function (noun) {\n        return 'Hello ' + noun;\n      }":
function (noun) {
        return 'Hello ' + noun;
      },
"function (options) {\n        return 'Hello ' + options.hash.noun;\n      }":
function (options) {
        return 'Hello ' + options.hash.noun;
      },
"function () { return 'hello'; }":
function () { return 'hello'; },
"function (noun, options) {\n        return options.data.adjective + ' ' + noun + (this.exclaim ? '!' : '');\n      }":
function (noun, options) {
        return options.data.adjective + ' ' + noun + (this.exclaim ? '!' : '');
      },
"function (options) {\n        return options.data.adjective + ' world' + (this.exclaim ? '!' : '');\n      }":
function (options) {
        return options.data.adjective + ' world' + (this.exclaim ? '!' : '');
      },
"function (options) {\n        return options.fn({exclaim: '?'});\n      }":
function (options) {
        return options.fn({exclaim: '?'});
      },
"function (thing, options) {\n        return options.data.adjective + ' ' + thing + (this.exclaim || '');\n      }":
function (thing, options) {
        return options.data.adjective + ' ' + thing + (this.exclaim || '');
      },
"function (options) {\n        return options.data.accessData + ' ' + options.fn({exclaim: '?'});\n      }":
function (options) {
        return options.data.accessData + ' ' + options.fn({exclaim: '?'});
      },
"function (options) {\n        return options.fn({exclaim: '?', zomg: 'world'}, { data: {adjective: 'sad'} });\n      }":
function (options) {
        return options.fn({exclaim: '?', zomg: 'world'}, { data: {adjective: 'sad'} });
      },
"function (options) {\n        return options.fn({exclaim: '?'}, { data: {adjective: 'sad'} });\n      }":
function (options) {
        return options.fn({exclaim: '?'}, { data: {adjective: 'sad'} });
      },
"function (options) {\n            var frame = Handlebars.createFrame(options.data);\n            frame.depth = options.data.depth + 1;\n            return options.fn(this, {data: frame});\n          }":
function (options) {
            var frame = Handlebars.createFrame(options.data);
            frame.depth = options.data.depth + 1;
            return options.fn(this, {data: frame});
          },
"function (prefix) {\n      return '<a href=\"' + prefix + '/' + this.url + '\">' + this.text + '</a>';\n    }":
function (prefix) {
      return '<a href="' + prefix + '/' + this.url + '">' + this.text + '</a>';
    },
"function (options) {\n          return options.fn();\n      }":
function (options) {
          return options.fn();
      },
"function (a, b, c, options) {\n        return options.fn() + a + b + c;\n    }":
function (a, b, c, options) {
        return options.fn() + a + b + c;
    },
"function (options) {\n      var out = '';\n      var byes = ['Goodbye', 'goodbye', 'GOODBYE'];\n      for (var i = 0, j = byes.length; i < j; i++) {\n        out += byes[i] + ' ' + options.fn(this) + '! ';\n      }\n      return out;\n    }":
function (options) {
      var out = '';
      var byes = ['Goodbye', 'goodbye', 'GOODBYE'];
      for (var i = 0, j = byes.length; i < j; i++) {
        out += byes[i] + ' ' + options.fn(this) + '! ';
      }
      return out;
    },
"function (options) {\n      var out = '';\n      var byes = ['Goodbye', 'goodbye', 'GOODBYE'];\n      for (var i = 0, j = byes.length; i < j; i++) {\n        out += byes[i] + ' ' + options.fn({}) + '! ';\n      }\n      return out;\n    }":
function (options) {
      var out = '';
      var byes = ['Goodbye', 'goodbye', 'GOODBYE'];
      for (var i = 0, j = byes.length; i < j; i++) {
        out += byes[i] + ' ' + options.fn({}) + '! ';
      }
      return out;
    },
"function (prefix, options) {\n        return '<a href=\"' + prefix + '/' + this.url + '\">' + options.fn(this) + '</a>';\n    }":
function (prefix, options) {
        return '<a href="' + prefix + '/' + this.url + '">' + options.fn(this) + '</a>';
    },
"function () {}":
function () {},
"function (options) { return options.fn({text: 'GOODBYE'}); }":
function (options) { return options.fn({text: 'GOODBYE'}); },
"function (options) { return '<form>' + options.fn(this) + '</form>'; }":
function (options) { return '<form>' + options.fn(this) + '</form>'; },
"function link(options) {\n      return '<a href=\"/people/' + this.id + '\">' + options.fn(this) + '</a>';\n    }":
function link(options) {
      return '<a href="/people/' + this.id + '">' + options.fn(this) + '</a>';
    },
"function (context, options) { return '<form>' + options.fn(context) + '</form>'; }":
function (context, options) { return '<form>' + options.fn(context) + '</form>'; },
"function (options) { return '<a href=\"' + this.name + '\">' + options.fn(this) + '</a>'; }":
function (options) { return '<a href="' + this.name + '">' + options.fn(this) + '</a>'; },
"function list(context, options) {\n      if (context.length > 0) {\n        var out = '<ul>';\n        for (var i = 0, j = context.length; i < j; i++) {\n          out += '<li>';\n          out += options.fn(context[i]);\n          out += '</li>';\n        }\n        out += '</ul>';\n        return out;\n      } else {\n        return '<p>' + options.inverse(this) + '</p>';\n      }\n    }":
function list(context, options) {
      if (context.length > 0) {
        var out = '<ul>';
        for (var i = 0, j = context.length; i < j; i++) {
          out += '<li>';
          out += options.fn(context[i]);
          out += '</li>';
        }
        out += '</ul>';
        return out;
      } else {
        return '<p>' + options.inverse(this) + '</p>';
      }
    },
"function () {\n        return 'winning';\n      }":
function () {
        return 'winning';
      },
"function () { return 'fail'; }":
function () { return 'fail'; },
"function () { return 'world'; }":
function () { return 'world'; },
"function () { return 'helpers'; }":
function () { return 'helpers'; },
"function () { return 'helper'; }":
function () { return 'helper'; },
"function () { return 'found it!'; }":
function () { return 'found it!'; },
"function () { return 'world!'; }":
function () { return 'world!'; },
"function (times, times2) {\n      if (typeof times !== 'number') { times = 'NaN'; }\n      if (typeof times2 !== 'number') { times2 = 'NaN'; }\n      return 'Hello ' + times + ' ' + times2 + ' times';\n    }":
function (times, times2) {
      if (typeof times !== 'number') { times = 'NaN'; }
      if (typeof times2 !== 'number') { times2 = 'NaN'; }
      return 'Hello ' + times + ' ' + times2 + ' times';
    },
"function (times) {\n      if (typeof times !== 'number') { times = 'NaN'; }\n      return 'Hello ' + times + ' times';\n    }":
function (times) {
      if (typeof times !== 'number') { times = 'NaN'; }
      return 'Hello ' + times + ' times';
    },
"function (param, times, bool1, bool2) {\n        if (typeof times !== 'number') { times = 'NaN'; }\n        if (typeof bool1 !== 'boolean') { bool1 = 'NaB'; }\n        if (typeof bool2 !== 'boolean') { bool2 = 'NaB'; }\n        return 'Hello ' + param + ' ' + times + ' times: ' + bool1 + ' ' + bool2;\n      }":
function (param, times, bool1, bool2) {
        if (typeof times !== 'number') { times = 'NaN'; }
        if (typeof bool1 !== 'boolean') { bool1 = 'NaB'; }
        if (typeof bool2 !== 'boolean') { bool2 = 'NaB'; }
        return 'Hello ' + param + ' ' + times + ' times: ' + bool1 + ' ' + bool2;
      },
"function (param) { return 'Hello ' + param; }":
function (param) { return 'Hello ' + param; },
"function (cruel, world) { return 'Goodbye ' + cruel + ' ' + world; }":
function (cruel, world) { return 'Goodbye ' + cruel + ' ' + world; },
"function (cruel, world, options) {\n        return options.fn({greeting: 'Goodbye', adj: cruel, noun: world});\n      }":
function (cruel, world, options) {
        return options.fn({greeting: 'Goodbye', adj: cruel, noun: world});
      },
"function (options) {\n          return 'GOODBYE ' + options.hash.cruel + ' ' + options.hash.world + ' ' + options.hash.times + ' TIMES';\n        }":
function (options) {
          return 'GOODBYE ' + options.hash.cruel + ' ' + options.hash.world + ' ' + options.hash.times + ' TIMES';
        },
"function goodbye(options) {\n        if (options.hash.print === true) {\n          return 'GOODBYE ' + options.hash.cruel + ' ' + options.hash.world;\n        } else if (options.hash.print === false) {\n          return 'NOT PRINTING';\n        } else {\n          return 'THIS SHOULD NOT HAPPEN';\n        }\n      }":
function goodbye(options) {
        if (options.hash.print === true) {
          return 'GOODBYE ' + options.hash.cruel + ' ' + options.hash.world;
        } else if (options.hash.print === false) {
          return 'NOT PRINTING';
        } else {
          return 'THIS SHOULD NOT HAPPEN';
        }
      },
"function (options) {\n          return 'GOODBYE ' + options.hash.cruel + ' ' + options.fn(this) + ' ' + options.hash.times + ' TIMES';\n        }":
function (options) {
          return 'GOODBYE ' + options.hash.cruel + ' ' + options.fn(this) + ' ' + options.hash.times + ' TIMES';
        },
"function goodbye(options) {\n        if (options.hash.print === true) {\n          return 'GOODBYE ' + options.hash.cruel + ' ' + options.fn(this);\n        } else if (options.hash.print === false) {\n          return 'NOT PRINTING';\n        } else {\n          return 'THIS SHOULD NOT HAPPEN';\n        }\n      }":
function goodbye(options) {
        if (options.hash.print === true) {
          return 'GOODBYE ' + options.hash.cruel + ' ' + options.fn(this);
        } else if (options.hash.print === false) {
          return 'NOT PRINTING';
        } else {
          return 'THIS SHOULD NOT HAPPEN';
        }
      },
"function (mesg, options) {\n          if (options.name === 'link_to') {\n            return new Handlebars.SafeString('<a>' + mesg + '</a>');\n          }\n        }":
function (mesg, options) {
          if (options.name === 'link_to') {
            return new Handlebars.SafeString('<a>' + mesg + '</a>');
          }
        },
"function (options) {\n          if (options.name === 'link_to') {\n            return new Handlebars.SafeString('<a>winning</a>');\n          }\n        }":
function (options) {
          if (options.name === 'link_to') {
            return new Handlebars.SafeString('<a>winning</a>');
          }
        },
"function () {\n          return 'foo';\n        }":
function () {
          return 'foo';
        },
"function (arg) { return typeof arg; }":
function (arg) { return typeof arg; },
"function () { return this.bar; }":
function () { return this.bar; },
"function () { return this.truthiness(); }":
function () { return this.truthiness(); },
"function () {\n        return 'missing: ' + arguments[arguments.length - 1].name;\n      }":
function () {
        return 'missing: ' + arguments[arguments.length - 1].name;
      },
"function () {\n        return 'helper missing: ' + arguments[arguments.length - 1].name;\n      }":
function () {
        return 'helper missing: ' + arguments[arguments.length - 1].name;
      },
"function () {\n        return 'ran: ' + arguments[arguments.length - 1].name;\n      }":
function () {
        return 'ran: ' + arguments[arguments.length - 1].name;
      },
"function () {\n          return this.goodbye.toUpperCase();\n        }":
function () {
          return this.goodbye.toUpperCase();
        },
"function (world) {\n          return 'cruel ' + world.toUpperCase();\n        }":
function (world) {
          return 'cruel ' + world.toUpperCase();
        },
"function (options) {\n          return this.goodbye.toUpperCase() + options.fn(this);\n        }":
function (options) {
          return this.goodbye.toUpperCase() + options.fn(this);
        },
"function (options) {\n          equals(options.fn.blockParams, 1);\n          return options.fn({value: 'bar'}, {blockParams: [1, 2]});\n        }":
function (options) {
          equals(options.fn.blockParams, 1);
          return options.fn({value: 'bar'}, {blockParams: [1, 2]});
        },
"function (options) {\n          equals(options.fn.blockParams, 1);\n          return options.fn({}, {blockParams: [1, 2]});\n        }":
function (options) {
          equals(options.fn.blockParams, 1);
          return options.fn({}, {blockParams: [1, 2]});
        },
"function (options) {\n          equals(options.fn.blockParams, 1);\n          return options.fn(this, {blockParams: [1, 2]});\n        }":
function (options) {
          equals(options.fn.blockParams, 1);
          return options.fn(this, {blockParams: [1, 2]});
        },
"function (options) {\n          if( typeof value === 'undefined' ) { value = 1; } return options.fn({value: 'bar'}, {blockParams: options.fn.blockParams === 1 ? [global.value++, global.value++] : undefined});\n        }":
function (options) {
          if( typeof value === 'undefined' ) { value = 1; } return options.fn({value: 'bar'}, {blockParams: options.fn.blockParams === 1 ? [global.value++, global.value++] : undefined});
        },
"function testHelper(options) {\n          return options.lookupProperty(this, 'testProperty');\n        }":
function testHelper(options) {
          return options.lookupProperty(this, 'testProperty');
        },
"function () {\n        return 'dude';\n      }":
function () {
        return 'dude';
      },
"function () {\n        return 'missing';\n      }":
function () {
        return 'missing';
      },
"function partial(context) {\n      return context.name + ' (' + context.url + ') ';\n    }":
function partial(context) {
      return context.name + ' (' + context.url + ') ';
    },
"function () {\n        return 'blah';\n      }":
function () {
        return 'blah';
      },
"function (block) { return block.fn(''); }":
function (block) { return block.fn(''); },
"function (block) { return block.inverse(''); }":
function (block) { return block.inverse(''); },
"function (value) { return value + ''; }":
function (value) { return value + ''; },
"function (options) {\n        return new Handlebars.SafeString(options.fn());\n      }":
function (options) {
        return new Handlebars.SafeString(options.fn());
      },
"function(conditional, options) {\n        if (conditional) {\n          return options.fn(this);\n        } else {\n          return options.inverse(this);\n        }\n      }":
function(conditional, options) {
        if (conditional) {
          return options.fn(this);
        } else {
          return options.inverse(this);
        }
      },
"function(options) {\n        return options.hash.length;\n      }":
function(options) {
        return options.hash.length;
      },
"function (options) {\n          equals('value' in options.hash, true);\n          equals(options.hash.value, undefined);\n          return 'success';\n        }":
function (options) {
          equals('value' in options.hash, true);
          equals(options.hash.value, undefined);
          return 'success';
        },
"function (val) {\n        return val + val;\n      }":
function (val) {
        return val + val;
      },
"function () {\n        return 'LOL';\n      }":
function () {
        return 'LOL';
      },
"function (val) {\n        return 'val is ' + val;\n      }":
function (val) {
        return 'val is ' + val;
      },
"function (x, y) {\n        return x === y;\n      }":
function (x, y) {
        return x === y;
      },
"function (val, that, theOther) {\n        return 'val is ' + val + ', ' + that + ' and ' + theOther;\n      }":
function (val, that, theOther) {
        return 'val is ' + val + ', ' + that + ' and ' + theOther;
      },
"function (a, b) {\n        return a + '-' + b;\n      }":
function (a, b) {
        return a + '-' + b;
      },
"function (a, b) {\n        return a + b;\n      }":
function (a, b) {
        return a + b;
      },
"function(x, y, options) {\n        if (!options || options === global.lastOptions) {\n          throw new Error('options hash was reused');\n        }\n        global.lastOptions = options;\n        return x === y;\n      }":
function(x, y, options) {
        if (!options || options === global.lastOptions) {
          throw new Error('options hash was reused');
        }
        global.lastOptions = options;
        return x === y;
      },
"function (options) {\n        return \"val is \" + options.hash.fun;\n      }":
function (options) {
        return "val is " + options.hash.fun;
      },
"function (options) {\n        var hash = options.hash;\n        var ariaLabel = Handlebars.Utils.escapeExpression(hash['aria-label']);\n        var placeholder = Handlebars.Utils.escapeExpression(hash.placeholder);\n        return new Handlebars.SafeString('<input aria-label=\"' + ariaLabel + '\" placeholder=\"' + placeholder + '\" />');\n      }":
function (options) {
        var hash = options.hash;
        var ariaLabel = Handlebars.Utils.escapeExpression(hash['aria-label']);
        var placeholder = Handlebars.Utils.escapeExpression(hash.placeholder);
        return new Handlebars.SafeString('<input aria-label="' + ariaLabel + '" placeholder="' + placeholder + '" />');
      },
"function (defaultString) {\n        return new Handlebars.SafeString(defaultString);\n      }":
function (defaultString) {
        return new Handlebars.SafeString(defaultString);
      },
"function (a, b, options) {\n        equals(a, 'foo');\n        equals(options.types.length, 2, 'string params for outer helper processed correctly');\n        equals(options.types[0], 'SubExpression', 'string params for outer helper processed correctly');\n        equals(options.types[1], 'PathExpression', 'string params for outer helper processed correctly');\n        return a + b;\n      }":
function (a, b, options) {
        equals(a, 'foo');
        equals(options.types.length, 2, 'string params for outer helper processed correctly');
        equals(options.types[0], 'SubExpression', 'string params for outer helper processed correctly');
        equals(options.types[1], 'PathExpression', 'string params for outer helper processed correctly');
        return a + b;
      },
"function (a, options) {\n        equals(options.types.length, 1, 'string params for inner helper processed correctly');\n        equals(options.types[0], 'PathExpression', 'string params for inner helper processed correctly');\n        return a;\n      }":
function (a, options) {
        equals(options.types.length, 1, 'string params for inner helper processed correctly');
        equals(options.types[0], 'PathExpression', 'string params for inner helper processed correctly');
        return a;
      },
"function(options) {\n        equals(options.hashTypes.fun, 'SubExpression');\n        return 'val is ' + options.hash.fun;\n      }":
function(options) {
        equals(options.hashTypes.fun, 'SubExpression');
        return 'val is ' + options.hash.fun;
      },
"function () {\n        return 'BORK';\n      }":
function () {
        return 'BORK';
      },
  };
}
